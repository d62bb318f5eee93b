import { resolveRange } from '../../../shared/calendar/resolve-range.ts';
import { dbOf } from '../../../shared/db/orm.ts';
import { readUserActivityStats } from '../../../shared/insights/user-activity-stats.ts';
import { listUserDays } from '../../../shared/insights/user-days.ts';
import { USER_DAY_MEASURES } from '../../../shared/metrics/user-activity.ts';
import { boundsOf } from '../../http/list-query.ts';
import { userIdAsStored } from '../../http/narrow.ts';
import { dayPosition, pageOf, pageSchema } from '../../http/pages.ts';
import { presentRange } from '../../http/time.ts';
import { type Access, defineRoute, type Route } from '../../route.ts';
import { metricSubject } from '../metric-subject.ts';
import { presentUserDay, presentUserStats } from './present.ts';
import { userDaySchema, userDaysQuery, userStatsQuery, userStatsSchema } from './schema.ts';

const access: Access = { least: 'admin', scope: 'metrics', self: true };
const tag = 'Usage';

const list = defineRoute({
  method: 'GET',
  path: '/user-activity',
  access,
  tag,
  summary: 'List the activity of each user by local day, the latest day first',
  description: 'One row for each user and day with an event, session or execution, as in the report `user_activity`.',
  query: userDaysQuery,
  answers: { 200: { description: 'A page of days.', schema: pageSchema(userDaySchema) } },
  async handle(context, { query }) {
    const range = await resolveRange(dbOf(context.em), query, context.caller.timeZone, new Date());
    const rows = await listUserDays(context.em, {
      subject: await metricSubject(context),
      range,
      userId: userIdAsStored(context, query.user_id),
      search: query.search,
      ...boundsOf(query, USER_DAY_MEASURES),
      after: query.cursor,
      limit: query.limit + 1,
    });
    const page = pageOf(rows, query.limit, ({ date, user_id }) => dayPosition(date, user_id));
    const data = page.data.map(presentUserDay);
    return { status: 200, body: { data, next_cursor: page.next_cursor, range: presentRange(range) } };
  },
});

const stats = defineRoute({
  method: 'GET',
  path: '/user-activity/stats',
  access,
  tag,
  summary: 'Get the activity of one user in a range',
  description: 'Without `user_id` an admin gets the whole organisation, including activity without a user.',
  query: userStatsQuery,
  answers: { 200: { description: 'The statistics.', schema: userStatsSchema } },
  async handle(context, { query }) {
    const now = new Date();
    const range = await resolveRange(dbOf(context.em), query, context.caller.timeZone, now);
    const userId = userIdAsStored(context, query.user_id);
    const found = await readUserActivityStats(context.em, await metricSubject(context), { range, userId, now });
    return { status: 200, body: presentUserStats(found, range) };
  },
});

export const userActivityRoutes: readonly Route[] = [list, stats];
