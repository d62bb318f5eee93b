import type { z } from 'zod';
import type { TimeRange } from '../../../shared/domain/time-range.ts';
import type { UserActivityStats } from '../../../shared/insights/user-activity-stats.ts';
import type { UserDay } from '../../../shared/insights/user-days.ts';
import type { UserDayMeasure } from '../../../shared/metrics/user-activity.ts';
import { presentRange } from '../../http/time.ts';
import type { userDaySchema, userStatsSchema } from './schema.ts';

const HOUR_MS = 3_600_000;

export function presentUserDay(day: UserDay): z.input<typeof userDaySchema> {
  return { user_id: day.user_id, date: day.date, ...eachMeasure((name) => Number(day[name])) };
}

export function presentUserStats(stats: UserActivityStats, range: TimeRange): z.input<typeof userStatsSchema> {
  const days = daysIn(range);
  return {
    totals: stats.totals,
    daily_averages: eachMeasure((name) => Math.round((stats.totals[name] / days) * 1000) / 1000),
    active_days: stats.activeDays,
    most_active_hour: stats.mostActiveHour,
    top_features: stats.topFeatures,
    streak_days: stats.streakDays,
    range: presentRange(range),
  };
}

function eachMeasure(measureOf: (name: UserDayMeasure) => number): Record<UserDayMeasure, number> {
  return {
    login_count: measureOf('login_count'),
    message_count: measureOf('message_count'),
    files_uploaded: measureOf('files_uploaded'),
    session_count: measureOf('session_count'),
    session_duration_sec: measureOf('session_duration_sec'),
    event_count: measureOf('event_count'),
    execution_count: measureOf('execution_count'),
  };
}

/** The number of days of a range, at least one; a local day has 23 or 25 hours when the clocks change. */
function daysIn({ startInclusive, endExclusive }: TimeRange): number {
  const hours = (endExclusive.getTime() - startInclusive.getTime()) / HOUR_MS;
  const whole = Math.round(hours / 24);
  return Math.max(1, Math.abs(hours - whole * 24) <= 1 ? whole : hours / 24);
}
