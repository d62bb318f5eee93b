import { type DayOfRange, daysOfRange, doublingWindows, rangeOf } from '../calendar/days-of-range.ts';
import type { Db, Entities } from '../db/orm.ts';
import { inSnapshot } from '../db/transaction.ts';
import type { TimeRange } from '../domain/time-range.ts';
import { askIn, type MetricSubject } from '../metrics/ask.ts';
import type { Filter, Question } from '../metrics/question.ts';
import { ACTIVITY_METRICS, USER_DAY_METRICS, type UserDayMeasure } from '../metrics/user-activity.ts';
import { countOf, type MetricValues } from '../metrics/value.ts';

const DAY_MS = 86_400_000;
/** A streak is computed no further back than the longest range. */
const MAX_STREAK_DAYS = 400;
const TOP_FEATURES = 10;

export interface UserActivityStats {
  totals: Record<UserDayMeasure, number>;
  /** Local days with any activity. */
  activeDays: number;
  /** The local hour with the most activity, 0 to 23; the first of equals, null without activity. */
  mostActiveHour: number | null;
  topFeatures: { feature: string; count: number }[];
  /** Consecutive active days up to today, or up to yesterday if today has no activity yet. Independent of the range. */
  streakDays: number;
}

/** Reads activity in a range for one user, or for all users together including records without a user. */
export async function readUserActivityStats(
  em: Entities,
  subject: MetricSubject,
  { range, userId, now }: { range: TimeRange; userId: string | undefined; now: Date },
): Promise<UserActivityStats> {
  const filters: Filter[] = userId === undefined ? [] : [{ dimension: 'user', operator: 'equal', value: userId }];
  return inSnapshot(em, async (db) => {
    const ask = (question: Omit<Question, 'filters'>) => askIn(db, subject, { ...question, filters }, range);
    const days = await ask({ metrics: Object.values(USER_DAY_METRICS), granularity: 'day' });
    const total = (name: UserDayMeasure) =>
      days.reduce((sum, { values }) => sum + countOf(values, USER_DAY_METRICS[name]), 0);
    const hours = await ask({ metrics: ACTIVITY_METRICS, group_by: ['hour_of_day'] });
    const features = await ask({
      metrics: ['events.count'],
      group_by: ['feature'],
      order: [{ by: 'events.count', direction: 'desc' }],
    });
    return {
      totals: {
        login_count: total('login_count'),
        message_count: total('message_count'),
        files_uploaded: total('files_uploaded'),
        session_count: total('session_count'),
        session_duration_sec: total('session_duration_sec') / 1000,
        event_count: total('event_count'),
        execution_count: total('execution_count'),
      },
      activeDays: days.filter(({ values }) => activityOf(values) > 0).length,
      mostActiveHour: busiest(
        hours.map(({ group, values }) => ({ hour: Number(group.hour_of_day), activity: activityOf(values) })),
      ),
      topFeatures: features
        .flatMap(({ group, values }) =>
          typeof group.feature === 'string' ? [{ feature: group.feature, count: countOf(values, 'events.count') }] : [],
        )
        .slice(0, TOP_FEATURES),
      streakDays: await readStreak(db, subject, filters, { timeZone: range.timeZone, now }),
    };
  });
}

async function readStreak(
  db: Db,
  subject: MetricSubject,
  filters: readonly Filter[],
  { timeZone, now }: { timeZone: string; now: Date },
): Promise<number> {
  const startInclusive = new Date(now.getTime() - MAX_STREAK_DAYS * DAY_MS);
  const days = await daysOfRange(db, { startInclusive, endExclusive: now, timeZone });
  const today = days[0]?.date;
  let streak = 0;
  // One user has few days. All users together have many, most of which need not be read to find a gap.
  for (const window of doublingWindows(days, filters.length > 0 ? days.length : 8)) {
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
  filters: readonly Filter[],
  days: readonly DayOfRange[],
): Promise<Set<number>> {
  const question = { metrics: ACTIVITY_METRICS, granularity: 'day', filters } as const;
  const rows = await askIn(db, subject, question, rangeOf(days));
  return new Set(rows.flatMap(({ bucket, values }) => (bucket && activityOf(values) > 0 ? [bucket.getTime()] : [])));
}

function activityOf(values: MetricValues): number {
  return ACTIVITY_METRICS.reduce((sum, metric) => sum + countOf(values, metric), 0);
}

function busiest(hours: readonly { hour: number; activity: number }[]): number | null {
  const best = hours.toSorted((a, b) => b.activity - a.activity || a.hour - b.hour)[0];
  return best && best.activity > 0 ? best.hour : null;
}
