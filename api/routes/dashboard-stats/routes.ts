import { z } from 'zod';
import { resolveRange } from '../../../shared/calendar/resolve-range.ts';
import { dbOf } from '../../../shared/db/orm.ts';
import { timeRangeSchema } from '../../../shared/domain/time-range.ts';
import { readDashboardStats } from '../../../shared/insights/dashboard-stats.ts';
import { rangeSchema } from '../../http/answers.ts';
import { presentRange } from '../../http/list-query.ts';
import { defineRoute, type Route } from '../../route.ts';
import { metricSubject } from '../metric-subject.ts';
import { hostShape, presentHost } from '../metrics/present-host.ts';

const count = () => z.number().int();
const usd = () => z.number().meta({ description: 'USD.' });

const answerSchema = z.object({
  users: z.object({
    total: count().meta({ description: 'Ever seen.' }),
    active_24h: count(),
    new_7d: count().meta({ description: 'Seen for the first time.' }),
  }),
  events: z.object({ today: count(), last_7d: count() }),
  executions: z.object({ today: count(), last_7d: count() }),
  errors: z.object({
    open: count().meta({ description: 'Groups of equal errors in the range that nobody resolved or ignored.' }),
    last_24h: count().meta({ description: 'Occurrences.' }),
  }),
  costs: z.object({ today: usd(), month: usd() }),
  reports: z.object({ running: count().meta({ description: 'Waiting or being made, now.' }), completed_7d: count() }),
  system: z.object(hostShape),
  range: rangeSchema,
});

const stats = defineRoute({
  method: 'GET',
  path: '/dashboard/stats',
  access: { least: 'admin', scope: 'metrics' },
  tag: 'Metrics',
  summary: 'The numbers of a first page',
  description:
    'As of the end of the range, which is now unless another is asked for. Today and the month are the organisation’s local ones.',
  query: z.strictObject(timeRangeSchema.shape),
  answers: { 200: { description: 'The numbers.', schema: answerSchema } },
  async handle(context, query) {
    const { deps, em, caller } = context;
    const db = dbOf(em);
    const range = await resolveRange(db, query, caller.timeZone, new Date());
    const stats = await readDashboardStats(em, await metricSubject(context), range);
    const { users, events, executions, errors, costs, reports } = stats;
    return {
      status: 200,
      body: {
        users: { total: users.total, active_24h: users.active24h, new_7d: users.new7d },
        events: { today: events.today, last_7d: events.last7d },
        executions: { today: executions.today, last_7d: executions.last7d },
        errors: { open: errors.open, last_24h: errors.last24h },
        costs,
        reports: { running: reports.running, completed_7d: reports.completed },
        system: presentHost(await deps.currentHost.state(db)),
        range: presentRange(range),
      },
    };
  },
});

export const dashboardStatsRoutes: readonly Route[] = [stats];
