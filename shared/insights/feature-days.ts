import { type DayOfRange, daysOfRange, rangeOf, readLatestDays } from '../calendar/days-of-range.ts';
import type { Db, Entities } from '../db/orm.ts';
import { inSnapshot } from '../db/snapshot.ts';
import type { Position } from '../domain/cursor.ts';
import type { TimeRange } from '../domain/time-range.ts';
import { answerMetrics, type MetricSubject } from '../metrics/ask.ts';

export const FEATURE_DAY_MEASURES = ['usage_count', 'unique_users', 'avg_duration_ms'] as const;
export type FeatureDayMeasure = (typeof FEATURE_DAY_MEASURES)[number];

export interface FeatureDaysQuery {
  subject: MetricSubject;
  range: TimeRange;
  userId: string | undefined;
  feature: string | undefined;
  /** Part of a feature's name. */
  search: string | undefined;
  atLeast: Readonly<Partial<Record<FeatureDayMeasure, number>>>;
  atMost: Readonly<Partial<Record<FeatureDayMeasure, number>>>;
  /** The day, as its midnight in UTC, and the feature of the last row of the page before. */
  after: Position | undefined;
  limit: number;
}

export interface FeatureDay extends Record<Exclude<FeatureDayMeasure, 'avg_duration_ms'>, number> {
  feature: string;
  date: string;
  avg_duration_ms: number | null;
}

/** How each feature was used on each local day, by its events: the latest day first, then by feature. */
export async function listFeatureDays(em: Entities, query: FeatureDaysQuery): Promise<FeatureDay[]> {
  const lastDate = query.after?.at.toISOString().slice(0, 10);
  return inSnapshot(em, async (db) => {
    const days = (await daysOfRange(db, query.range)).filter(({ date }) => lastDate === undefined || date <= lastDate);
    return readLatestDays(days, { limit: query.limit, firstDays: 1 }, (window) => readWindow(db, query, window));
  });
}

async function readWindow(db: Db, query: FeatureDaysQuery, days: readonly DayOfRange[]): Promise<FeatureDay[]> {
  const rows = await answerMetrics(db, query.subject, {
    metrics: ['events.count', 'events.users', 'events.avg_duration_ms'],
    groupBy: ['feature'],
    filters: {
      ...(query.feature === undefined ? {} : { feature: [query.feature] }),
      ...(query.userId === undefined ? {} : { user: [query.userId] }),
    },
    granularity: 'day',
    range: rangeOf(days),
  });
  const dates = new Map(days.map(({ midnight, date }) => [midnight.getTime(), date]));
  return rows
    .flatMap(({ bucket, group, values }): FeatureDay[] => {
      const date = dates.get(bucket?.getTime() ?? Number.NaN);
      if (typeof group.feature !== 'string' || date === undefined) return [];
      return [
        {
          feature: group.feature,
          date,
          usage_count: values['events.count'] ?? 0,
          unique_users: values['events.users'] ?? 0,
          avg_duration_ms: values['events.avg_duration_ms'] ?? null,
        },
      ];
    })
    .filter((day) => isWanted(day, query))
    .sort((a, b) => compare(b.date, a.date) || compare(a.feature, b.feature));
}

function isWanted(day: FeatureDay, { search, atLeast, atMost, after }: FeatureDaysQuery): boolean {
  const lastDate = after?.at.toISOString().slice(0, 10);
  if (after && day.date === lastDate && compare(day.feature, after.id) <= 0) return false;
  if (search !== undefined && !day.feature.toLowerCase().includes(search.toLowerCase())) return false;
  return FEATURE_DAY_MEASURES.every((name) => {
    const [value, least, most] = [day[name], atLeast[name], atMost[name]];
    if (least === undefined && most === undefined) return true;
    return value !== null && value >= (least ?? value) && value <= (most ?? value);
  });
}

/** By code units, whatever the locale: a cursor must mean the same to every process. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
