import { resolveRange } from '../../../shared/calendar/resolve-range.ts';
import { dbOf } from '../../../shared/db/orm.ts';
import { events } from '../../../shared/facts/events.ts';
import { type FactList, listFacts } from '../../../shared/telemetry/list-facts.ts';
import { pageSchema } from '../../http/pages.ts';
import { presentRange } from '../../http/time.ts';
import { defineRoute, type Route } from '../../route.ts';
import { factListQuery, factPage } from '../fact-list.ts';
import { presentFact } from '../telemetry/present.ts';
import { storedSchemas } from '../telemetry/stored-schema.ts';
import { EVENT_MEASURES, eventsQuery } from './schema.ts';

const eventList: FactList = {
  fact: events,
  filters: ['event_type', 'event_name', 'session_id', 'feature'],
  measures: EVENT_MEASURES,
  searched: ['event_name', 'event_type', 'feature'],
};

const list = defineRoute({
  method: 'GET',
  path: '/events',
  access: { least: 'admin', scope: 'metrics', self: true },
  tag: 'Events',
  summary: 'List events, the latest first',
  query: eventsQuery,
  answers: { 200: { description: 'A page of events.', schema: pageSchema(storedSchemas.events) } },
  async handle(context, { query }) {
    const db = dbOf(context.em);
    const range = await resolveRange(db, query, context.caller.timeZone, new Date());
    const rows = await listFacts(db, eventList, factListQuery(context, eventList, range, query));
    const page = factPage(eventList, rows, query.limit);
    const data = page.data.map((row) => presentFact(events, row));
    return { status: 200, body: { data, next_cursor: page.next_cursor, range: presentRange(range) } };
  },
});

export const eventRoutes: readonly Route[] = [list];
