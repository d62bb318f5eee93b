import { z } from 'zod';
import { resolveRange } from '../../../shared/calendar/resolve-range.ts';
import { dbOf } from '../../../shared/db/orm.ts';
import { events } from '../../../shared/facts/events.ts';
import { type FactList, listFacts } from '../../../shared/telemetry/list-facts.ts';
import { id, label } from '../../../shared/wire.ts';
import { pageSchema } from '../../http/answers.ts';
import { boundsShape, listShape, presentRange } from '../../http/list-query.ts';
import { defineRoute, type Route } from '../../route.ts';
import { factListQuery, factPage } from '../fact-list.ts';
import { presentFact } from '../telemetry/present.ts';
import { storedSchemas } from '../telemetry/stored-schema.ts';

const eventList: FactList = {
  fact: events,
  filters: ['event_type', 'event_name', 'session_id', 'feature'],
  measures: ['duration_ms'],
  searched: ['event_name', 'event_type', 'feature'],
};

const list = defineRoute({
  method: 'GET',
  path: '/events',
  access: { least: 'admin', scope: 'metrics', self: true },
  tag: 'Events',
  summary: 'List events, the latest first',
  answers: { 200: { description: 'A page of events.', schema: pageSchema(storedSchemas.events) } },
  query: z.strictObject({
    ...listShape,
    event_type: label().optional(),
    event_name: label().optional(),
    session_id: id().optional(),
    feature: label().optional(),
    ...boundsShape(eventList.measures),
  }),
  async handle(context, query) {
    const db = dbOf(context.em);
    const range = await resolveRange(db, query, context.caller.timeZone, new Date());
    const rows = await listFacts(db, eventList, factListQuery(context, eventList, range, query));
    const page = factPage(eventList, rows, query.limit);
    const data = page.data.map((row) => presentFact(events, row));
    return { status: 200, body: { data, next_cursor: page.next_cursor, range: presentRange(range) } };
  },
});

export const eventRoutes: readonly Route[] = [list];
