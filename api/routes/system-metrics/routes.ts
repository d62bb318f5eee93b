import { resolveRange } from '../../../shared/calendar/resolve-range.ts';
import { dbOf } from '../../../shared/db/orm.ts';
import { validationError } from '../../../shared/errors.ts';
import { daysTouched, listSystemMetrics, SYSTEM_METRICS } from '../../../shared/insights/list-system-metrics.ts';
import { startRun } from '../../../shared/jobs/start-run.ts';
import { askTemporal } from '../../../shared/jobs/temporal-calls.ts';
import { taskQueues } from '../../../shared/temporal.ts';
import { datesFault } from '../../http/day-span.ts';
import { boundsOf } from '../../http/list-query.ts';
import { dayPosition, pageOf, pageSchema } from '../../http/pages.ts';
import { presentRange } from '../../http/time.ts';
import { type Access, defineRoute, type Route } from '../../route.ts';
import { presentStarted } from '../workflow-runs/present.ts';
import { startedSchema } from '../workflow-runs/schema.ts';
import { presentSystemMetricsDay } from './present.ts';
import { generateSchema, systemMetricsDaySchema, systemMetricsQuery } from './schema.ts';

const access: Access = { least: 'admin', scope: 'metrics' };
const tag = 'Metrics';

const list = defineRoute({
  method: 'GET',
  path: '/system-metrics',
  access,
  tag,
  summary: 'List closed days, the latest first',
  description: 'A day is closed after its midnight or by a generation. Later telemetry is included by `force`.',
  query: systemMetricsQuery,
  answers: { 200: { description: 'A page of days.', schema: pageSchema(systemMetricsDaySchema) } },
  async handle({ em, caller }, { query }) {
    const db = dbOf(em);
    const range = await resolveRange(db, query, caller.timeZone, new Date());
    const rows = await listSystemMetrics(db, {
      orgId: caller.credential.orgId,
      ...(await daysTouched(db, range)),
      ...boundsOf(query, SYSTEM_METRICS),
      beforeDate: query.cursor?.at.toISOString().slice(0, 10),
      limit: query.limit + 1,
    });
    const page = pageOf(rows, query.limit, ({ date }) => dayPosition(date, date));
    const data = page.data.map(presentSystemMetricsDay);
    return { status: 200, body: { data, next_cursor: page.next_cursor, range: presentRange(range) } };
  },
});

const generate = defineRoute({
  method: 'POST',
  path: '/system-metrics/generate',
  access,
  tag,
  summary: 'Close local days; closed days are skipped unless forced',
  body: generateSchema,
  faults: ['unavailable'],
  answers: { 202: { description: 'The run has started.', schema: startedSchema } },
  example: { body: { date: '2026-11-20' } },
  handle: (context, { body }) =>
    context.once(async (em) => {
      const { date, start_date, end_date, force } = body;
      const [startDate, endDate] = [date ?? start_date, date ?? end_date];
      if (startDate === undefined || endDate === undefined || (date !== undefined && (start_date ?? end_date))) {
        throw validationError([{ field: 'date', message: 'give either date, or start_date with end_date' }]);
      }
      const fault = datesFault(startDate, endDate);
      if (fault) throw validationError([fault]);
      const { orgId } = context.caller.credential;
      const { temporal, config } = context.deps;
      const run = await askTemporal(temporal, () =>
        startRun(temporal, taskQueues(config), 'backfill', { orgId, startDate, endDate, force }),
      );
      await context.audit(em, 'workflow_run.started', run.workflowId, { startDate, endDate, force });
      return { status: 202, body: presentStarted(context, run) };
    }),
});

export const systemMetricsRoutes: readonly Route[] = [list, generate];
