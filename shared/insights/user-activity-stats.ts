import { type DayOfRange, daysOfRange, doublingWindows, rangeOf } from '../calendar/days-of-range.ts';
import type { Db, Entities } from '../db/orm.ts';
import { inSnapshot } from '../db/snapshot.ts';
import type { TimeRange } from '../domain/time-range.ts';
import { answerMetrics, type MetricSubject } from '../metrics/ask.ts';
import type { MetricQuery } from '../metrics/query.ts';
import type { UserDayMeasure } from './user-days.ts';

const DAY_MS = 86_400_000;
/** A streak is looked for no further back than the longest range. */
const MAX_STREAK_DAYS = 400;
const TOP_FEATURES = 10;

/** Each measure of a user's day as the catalog has it. */
const METRICS: Readonly<Record<UserDayMeasure, string>> = {
  login_count: 'events.logins',
  message_count: 'events.messages',
  files_uploaded: 'events.file_uploads',
  session_count: 'sessions.count',
  session_duration_sec: 'sessions.duration_ms',
  event_count: 'events.count',
  execution_count: 'executions.count',
};

/** What makes a day one on which somebody did anything. */
const ACTIVITY = ['events.count', 'sessions.count', 'executions.count'] as const;

export interface UserActivityStats {
  totals: Record<UserDayMeasure, number>;
  /** Local days with anything at all. */
  activeDays: number;
  /** The local hour, 0 to 23, in which most was done; the first of equals, null where nothing was. */
  mostActiveHour: number | null;
  topFeatures: { feature: string; count: number }[];
  /** Active days without a gap up to today, or to yesterday while today has nothing yet; whatever the range. */
  streakDays: number;
}

/** What one user did in a range, or without one everybody together, what names no user included. */
export async function readUserActivityStats(
  em: Entities,
  subject: MetricSubject,
  { range, userId, now }: { range: TimeRange; userId: string | undefined; now: Date },
): Promise<UserActivityStats> {
  const filters = userId === undefined ? {} : { user: [userId] };
  return inSnapshot(em, async (db) => {
    const ask = (query: Omit<MetricQuery, 'filters' | 'range'>) =>
      answerMetrics(db, subject, { ...query, range, filters });
    const days = await ask({ metrics: Object.values(METRICS), granularity: 'day' });
    const total = (metric: string) => days.reduce((sum, { values }) => sum + (values[metric] ?? 0), 0);
    const hours = await ask({ metrics: ACTIVITY, groupBy: ['hour_of_day'] });
    const features = await ask({
      metrics: ['events.count'],
      groupBy: ['feature'],
      order: { by: 'events.count', direction: 'desc' },
    });
    return {
      totals: {
        login_count: total(METRICS.login_count),
        message_count: total(METRICS.message_count),
        files_uploaded: total(METRICS.files_uploaded),
        session_count: total(METRICS.session_count),
        session_duration_sec: total(METRICS.session_duration_sec) / 1000,
        event_count: total(METRICS.event_count),
        execution_count: total(METRICS.execution_count),
      },
      activeDays: days.filter(({ values }) => activityOf(values) > 0).length,
      mostActiveHour: busiest(
        hours.map(({ group, values }) => ({ hour: Number(group.hour_of_day), activity: activityOf(values) })),
      ),
      topFeatures: features
        .flatMap(({ group, values }) =>
          typeof group.feature === 'string' ? [{ feature: group.feature, count: values['events.count'] ?? 0 }] : [],
        )
        .slice(0, TOP_FEATURES),
      streakDays: await readStreak(db, subject, filters, { timeZone: range.timeZone, now }),
    };
  });
}

async function readStreak(
  db: Db,
  subject: MetricSubject,
  filters: NonNullable<MetricQuery['filters']>,
  { timeZone, now }: { timeZone: string; now: Date },
): Promise<number> {
  const startInclusive = new Date(now.getTime() - MAX_STREAK_DAYS * DAY_MS);
  const days = await daysOfRange(db, { startInclusive, endExclusive: now, timeZone });
  const today = days[0]?.date;
  let streak = 0;
  // One user's days are few. Everybody's are many, and most of them need not be read to find a gap.
  for (const window of doublingWindows(days, filters.user ? days.length : 8)) {
    const active = await activeDaysOf(db, subject, filters, window);
    for (const { date, midnight } of window) {
      if (active.has(midnight.getTime())) streak += 1;
      else if (date !== today) return streak;
    }
  }
  return streak;
}

async function activeDaysOf(
  db: Db,
  subject: MetricSubject,
  filters: NonNullable<MetricQuery['filters']>,
  days: readonly DayOfRange[],
): Promise<Set<number>> {
  const query = { metrics: ACTIVITY, granularity: 'day', filters, range: rangeOf(days) } as const;
  const rows = await answerMetrics(db, subject, query);
  return new Set(rows.flatMap(({ bucket, values }) => (bucket && activityOf(values) > 0 ? [bucket.getTime()] : [])));
}

function activityOf(values: Readonly<Record<string, number | null>>): number {
  return ACTIVITY.reduce((sum, metric) => sum + (values[metric] ?? 0), 0);
}

function busiest(hours: readonly { hour: number; activity: number }[]): number | null {
  const best = hours.toSorted((a, b) => b.activity - a.activity || a.hour - b.hour)[0];
  return best && best.activity > 0 ? best.hour : null;
}
