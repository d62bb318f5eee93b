import { z } from 'zod';
import { resolveRange } from '../../../shared/calendar/resolve-range.ts';
import { dbOf } from '../../../shared/db/orm.ts';
import { timeRangeSchema } from '../../../shared/domain/time-range.ts';
import { readDashboardStats } from '../../../shared/insights/dashboard-stats.ts';
import { presentRange } from '../../http/time.ts';
import { defineRoute, type Route } from '../../route.ts';
import { metricSubject } from '../metric-subject.ts';
import { presentHost } from '../metrics/present-host.ts';
import { dashboardStatsSchema } from './schema.ts';

const stats = defineRoute({
  method: 'GET',
  path: '/dashboard/stats',
  access: { least: 'admin', scope: 'metrics' },
  tag: 'Metrics',
  summary: 'Get the key metrics of a dashboard',
  description: 'As of the end of the range, by default now. Today and the month are local to the organisation.',
  query: z.strictObject(timeRangeSchema.shape),
  answers: { 200: { description: 'The metrics.', schema: dashboardStatsSchema } },
  async handle(context, { query }) {
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
