import { resolveRange } from '../../../shared/calendar/resolve-range.ts';
import { dbOf } from '../../../shared/db/orm.ts';
import { popularScenarios } from '../../../shared/insights/popular-scenarios.ts';
import { topUsers } from '../../../shared/insights/top-users.ts';
import { type Access, defineRoute, type Route } from '../../route.ts';
import { metricSubject } from '../metric-subject.ts';
import { presentPopularScenario, presentTopUser } from './present.ts';
import { popularScenariosSchema, rankingQuery, topUsersSchema } from './schema.ts';

const access: Access = { least: 'admin', scope: 'metrics' };
const tag = 'Usage';

const users = defineRoute({
  method: 'GET',
  path: '/top-users',
  access,
  tag,
  summary: 'Rank the most active users of a range',
  description: 'Activity: events, executions, AI usages with a user, and started sessions, each counted once.',
  query: rankingQuery,
  answers: { 200: { description: 'The most active first.', schema: topUsersSchema } },
  async handle({ em, caller }, { query }) {
    const range = await resolveRange(dbOf(em), query, caller.timeZone, new Date());
    const rows = await topUsers(em, caller.credential.orgId, range, query.limit);
    return { status: 200, body: rows.map(presentTopUser) };
  },
});

const scenarios = defineRoute({
  method: 'GET',
  path: '/popular-scenarios',
  access,
  tag,
  summary: 'Rank the most frequently started scenarios of a range',
  description:
    'The settings define which events start and complete a scenario; `properties.scenario_id` identifies it.',
  query: rankingQuery,
  answers: { 200: { description: 'The most popular first.', schema: popularScenariosSchema } },
  async handle(context, { query }) {
    const range = await resolveRange(dbOf(context.em), query, context.caller.timeZone, new Date());
    const found = await popularScenarios(context.em, await metricSubject(context), range, query.limit);
    return { status: 200, body: found.map(presentPopularScenario) };
  },
});

export const usageRoutes: readonly Route[] = [users, scenarios];
