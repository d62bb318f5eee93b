import { z } from 'zod';
import { resolveRange } from '../../../shared/calendar/resolve-range.ts';
import { dbOf } from '../../../shared/db/orm.ts';
import type { TimeRange } from '../../../shared/domain/time-range.ts';
import { timeRangeSchema } from '../../../shared/domain/time-range.ts';
import { readUserActivityStats } from '../../../shared/insights/user-activity-stats.ts';
import { listUserDays, USER_DAY_MEASURES, type UserDay } from '../../../shared/insights/user-days.ts';
import { id } from '../../../shared/wire.ts';
import { pageSchema, rangeSchema } from '../../http/answers.ts';
import { boundsOf, boundsShape, dayPosition, listShape, pageOf, presentRange } from '../../http/list-query.ts';
import { userIdAsStored } from '../../http/narrow.ts';
import { type Access, defineRoute, type Route } from '../../route.ts';
import { metricSubject } from '../metric-subject.ts';

const access: Access = { least: 'admin', scope: 'metrics', self: true };
const tag = 'Usage';

const count = () => z.number().int();
const measures = {
  login_count: count(),
  message_count: count(),
  files_uploaded: count(),
  session_count: count().meta({ description: 'Sessions begun.' }),
  session_duration_sec: z.number().meta({ description: 'Of the sessions that ended, by when they began.' }),
  event_count: count(),
  execution_count: count(),
};

const list = defineRoute({
  method: 'GET',
  path: '/user-activity',
  access,
  tag,
  summary: 'What each user did on each local day, the latest day first',
  description:
    'A row a user and day with any event, session or execution of the user: what the report `user_activity` holds.',
  query: z.strictObject({ ...listShape, ...boundsShape(USER_DAY_MEASURES) }),
  answers: {
    200: {
      description: 'A page of users’ days.',
      schema: pageSchema(z.object({ user_id: z.string(), date: z.iso.date(), ...measures }).meta({ id: 'UserDay' })),
    },
  },
  async handle(context, query) {
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
    const body = { data: page.data.map(present), next_cursor: page.next_cursor, range: presentRange(range) };
    return { status: 200, body };
  },
});

function present({ user_id, date, ...numbers }: UserDay) {
  return {
    user_id,
    date,
    ...Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, Number(value)])),
  };
}

const averages = Object.fromEntries(USER_DAY_MEASURES.map((name) => [name, z.number()]));
const statsSchema = z.object({
  totals: z.object(measures),
  daily_averages: z.object(averages).meta({ description: 'The totals by the days of the range, active or not.' }),
  active_days: count().meta({ description: 'Local days with any event, session or execution.' }),
  most_active_hour: count().nullable().meta({ description: 'The local hour, 0 to 23; null where nothing was done.' }),
  top_features: z
    .array(z.object({ feature: z.string(), count: count() }))
    .meta({ description: 'By events, at most 10.' }),
  streak_days: count().meta({
    description: 'Active days without a gap up to today, or yesterday while today has nothing yet; whatever the range.',
  }),
  range: rangeSchema,
});

const stats = defineRoute({
  method: 'GET',
  path: '/user-activity/stats',
  access,
  tag,
  summary: 'What one user did in the range, all together',
  description: 'Without `user_id` an admin sees the organisation: everybody’s, what names no user included.',
  query: z.strictObject({ ...timeRangeSchema.shape, user_id: id().optional() }),
  answers: { 200: { description: 'The numbers.', schema: statsSchema } },
  async handle(context, query) {
    const now = new Date();
    const range = await resolveRange(dbOf(context.em), query, context.caller.timeZone, now);
    const userId = userIdAsStored(context, query.user_id);
    const found = await readUserActivityStats(context.em, await metricSubject(context), { range, userId, now });
    const days = daysIn(range);
    return {
      status: 200,
      body: {
        totals: found.totals,
        daily_averages: Object.fromEntries(
          Object.entries(found.totals).map(([name, total]) => [name, Math.round((total / days) * 1000) / 1000]),
        ),
        active_days: found.activeDays,
        most_active_hour: found.mostActiveHour,
        top_features: found.topFeatures,
        streak_days: found.streakDays,
        range: presentRange(range),
      },
    };
  },
});

const HOUR_MS = 3_600_000;

/** How many days a range has, one at least; local days are an hour longer or shorter when clocks change. */
function daysIn({ startInclusive, endExclusive }: TimeRange): number {
  const hours = (endExclusive.getTime() - startInclusive.getTime()) / HOUR_MS;
  const whole = Math.round(hours / 24);
  return Math.max(1, Math.abs(hours - whole * 24) <= 1 ? whole : hours / 24);
}

export const userActivityRoutes: readonly Route[] = [list, stats];
