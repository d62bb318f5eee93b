import { z } from 'zod';
import { resolveRange } from '../../../shared/calendar/resolve-range.ts';
import { dbOf } from '../../../shared/db/orm.ts';
import { timeRangeSchema } from '../../../shared/domain/time-range.ts';
import { validationError } from '../../../shared/errors.ts';
import {
  daysTouched,
  listSystemMetrics,
  SYSTEM_METRICS,
  type SystemMetric,
  type SystemMetricsDay,
} from '../../../shared/insights/list-system-metrics.ts';
import { startRun } from '../../../shared/jobs/start-run.ts';
import { askTemporal } from '../../../shared/jobs/temporal-calls.ts';
import { pgTime } from '../../../shared/pg-time.ts';
import { taskQueues } from '../../../shared/temporal.ts';
import { pageSchema } from '../../http/answers.ts';
import { datesFault, daySpanShape } from '../../http/day-span.ts';
import { boundsShape, listShape, pageOf, presentRange } from '../../http/list-query.ts';
import { type Access, defineRoute, parseFields, type Route } from '../../route.ts';
import { moment } from '../telemetry/stored-schema.ts';
import { runLinks } from '../workflow-runs/links.ts';
import { startedSchema } from '../workflow-runs/schema.ts';

const access: Access = { least: 'admin', scope: 'metrics' };
const tag = 'Metrics';

const number = z.number().nullable();
const daySchema = z
  .object({
    date: z.iso.date(),
    total_users: z.number().int(),
    active_users: z.number().int(),
    new_users: z.number().int(),
    total_events: z.number().int(),
    total_executions: z.number().int(),
    total_errors: z.number().int(),
    error_rate: number,
    avg_response_time_ms: number,
    p95_response_time_ms: number,
    storage_bytes: z.number().int(),
    cpu_percent_avg: number,
    memory_percent_avg: number,
    disk_percent: number,
    generated_at: moment(),
  })
  .meta({ id: 'SystemMetricsDay', description: 'A local day as it was when it was closed.' });

const list = defineRoute({
  method: 'GET',
  path: '/system-metrics',
  access,
  tag,
  summary: 'List the days that were closed, the latest first',
  description: 'A day is closed after its midnight, or by a generation. What arrives later is seen with `force`.',
  answers: { 200: { description: 'A page of days.', schema: pageSchema(daySchema) } },
  query: z.strictObject({
    ...timeRangeSchema.shape,
    limit: listShape.limit,
    cursor: listShape.cursor,
    ...boundsShape(SYSTEM_METRICS),
  }),
  async handle(context, query) {
    const db = dbOf(context.em);
    const range = await resolveRange(db, query, context.caller.timeZone, new Date());
    const given = new Map<string, unknown>(Object.entries(query));
    const bounds = (prefix: 'min' | 'max') => {
      const found: Partial<Record<SystemMetric, number>> = {};
      for (const name of SYSTEM_METRICS) {
        const value = given.get(`${prefix}_${name}`);
        if (typeof value === 'number') found[name] = value;
      }
      return found;
    };
    const rows = await listSystemMetrics(db, {
      orgId: context.caller.credential.orgId,
      ...(await daysTouched(db, range)),
      atLeast: bounds('min'),
      atMost: bounds('max'),
      beforeDate: query.cursor?.at.toISOString().slice(0, 10),
      limit: query.limit + 1,
    });
    const page = pageOf(rows, query.limit, ({ date }) => ({ at: new Date(`${date}T00:00:00Z`), id: date }));
    const body = { data: page.data.map(present), next_cursor: page.next_cursor, range: presentRange(range) };
    return { status: 200, body };
  },
});

function present({ date, generated_at, ...numbers }: SystemMetricsDay) {
  const told = Object.entries(numbers).map(([name, value]) => [name, value === null ? null : Number(value)]);
  return { date, ...Object.fromEntries(told), generated_at: pgTime(generated_at).toISOString() };
}

const generateSchema = z
  .strictObject({
    date: z.iso.date().optional(),
    start_date: daySpanShape.start_date.optional(),
    end_date: daySpanShape.end_date.optional(),
    force: daySpanShape.force,
  })
  .meta({ description: 'Either `date`, or `start_date` with `end_date`.' });

const generate = defineRoute({
  method: 'POST',
  path: '/system-metrics/generate',
  access,
  tag,
  summary: 'Close local days; those that are closed already are left unless forced',
  body: 'json',
  bodySchema: generateSchema,
  faults: ['unavailable'],
  answers: { 202: { description: 'It is under way.', schema: startedSchema } },
  example: { body: { date: '2026-11-20' } },
  handle: (context) =>
    context.once(async (em) => {
      const { date, start_date, end_date, force } = parseFields(generateSchema, context.body.object());
      const [startDate, endDate] = [date ?? start_date, date ?? end_date];
      if (startDate === undefined || endDate === undefined || (date !== undefined && (start_date ?? end_date))) {
        throw validationError([{ field: 'date', message: 'give either date, or start_date with end_date' }]);
      }
      const fault = datesFault(startDate, endDate);
      if (fault) throw validationError([fault]);
      const { orgId } = context.caller.credential;
      const queues = taskQueues(context.deps.config);
      const { workflowId, runId } = await askTemporal(context.deps.temporal, () =>
        startRun(context.deps.temporal, queues, 'backfill', { orgId, startDate, endDate, force }),
      );
      await context.audit(em, 'workflow_run.started', workflowId, { startDate, endDate, force });
      const links = runLinks(context, workflowId);
      return {
        status: 202,
        body: { id: workflowId, workflow_id: workflowId, run_id: runId, status: 'running', links },
      };
    }),
});

export const systemMetricsRoutes: readonly Route[] = [list, generate];
