import { z } from 'zod';
import { resolveRange } from '../../../shared/calendar/resolve-range.ts';
import { dbOf } from '../../../shared/db/orm.ts';
import { timeRangeSchema } from '../../../shared/domain/time-range.ts';
import { popularScenarios } from '../../../shared/insights/popular-scenarios.ts';
import { topUsers } from '../../../shared/insights/top-users.ts';
import { pgTime } from '../../../shared/pg-time.ts';
import { type Access, defineRoute, type Route } from '../../route.ts';
import { metricSubject } from '../metric-subject.ts';
import { moment } from '../telemetry/stored-schema.ts';

const access: Access = { least: 'admin', scope: 'metrics' };
const tag = 'Usage';

const rankingQuery = z.strictObject({
  ...timeRangeSchema.shape,
  limit: z.coerce.number().int().min(1).max(500).default(10).meta({ description: 'Rows, 500 at most.' }),
});

const users = defineRoute({
  method: 'GET',
  path: '/top-users',
  access,
  tag,
  summary: 'The users that did most in the range',
  description: 'What counts: events, executions, AI usages that name the user, and sessions begun, each once.',
  query: rankingQuery,
  answers: {
    200: {
      description: 'The most active first.',
      schema: z.array(
        z.object({
          user_id: z.string(),
          email: z.string().nullable().meta({ description: 'Null where nobody told it.' }),
          activity_count: z.number().int(),
          last_active: moment().meta({ description: 'In the range.' }),
        }),
      ),
    },
  },
  async handle({ em, caller }, query) {
    const range = await resolveRange(dbOf(em), query, caller.timeZone, new Date());
    const rows = await topUsers(em, caller.credential.orgId, range, query.limit);
    const body = rows.map(({ user_id, email, activity_count, last_active }) => ({
      user_id,
      email,
      activity_count: Number(activity_count),
      last_active: pgTime(last_active).toISOString(),
    }));
    return { status: 200, body };
  },
});

const scenarios = defineRoute({
  method: 'GET',
  path: '/popular-scenarios',
  access,
  tag,
  summary: 'The scenarios that were begun most often in the range',
  description:
    'Which events begin and complete a scenario stands in the settings; `properties.scenario_id` tells which.',
  query: rankingQuery,
  answers: {
    200: {
      description: 'The most popular first.',
      schema: z.array(
        z.object({
          scenario_id: z.string(),
          name: z.string().nullable().meta({ description: 'The latest that an event of the range tells.' }),
          start_count: z.number().int(),
          completion_rate: z.number().nullable().meta({ description: 'Percent of those begun; at most 100.' }),
        }),
      ),
    },
  },
  async handle(context, query) {
    const range = await resolveRange(dbOf(context.em), query, context.caller.timeZone, new Date());
    const found = await popularScenarios(context.em, await metricSubject(context), range, query.limit);
    const body = found.map(({ scenarioId, name, startCount, completionRate }) => ({
      scenario_id: scenarioId,
      name,
      start_count: startCount,
      completion_rate: completionRate,
    }));
    return { status: 200, body };
  },
});

export const usageRoutes: readonly Route[] = [users, scenarios];
