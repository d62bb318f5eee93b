import { type DayOfRange, daysOfRange, rangeOf, readLatestDays } from '../calendar/days-of-range.ts';
import type { Db, Entities } from '../db/orm.ts';
import { inSnapshot } from '../db/transaction.ts';
import type { Position } from '../domain/cursor.ts';
import type { TimeRange } from '../domain/time-range.ts';
import { askIn, type MetricSubject } from '../metrics/ask.ts';
import { BUCKET, type Filter, type Having } from '../metrics/question.ts';
import { countOf, numberOf } from '../metrics/value.ts';

export const FEATURE_DAY_MEASURES = ['usage_count', 'unique_users', 'avg_duration_ms'] as const;
export type FeatureDayMeasure = (typeof FEATURE_DAY_MEASURES)[number];

/** The catalog metric of each measure. */
const METRICS: Readonly<Record<FeatureDayMeasure, string>> = {
  usage_count: 'events.count',
  unique_users: 'events.users',
  avg_duration_ms: 'events.avg_duration_ms',
};

export interface FeatureDaysQuery {
  subject: MetricSubject;
  range: TimeRange;
  userId: string | undefined;
  feature: string | undefined;
  /** Part of a feature's name. */
  search: string | undefined;
  atLeast: Readonly<Partial<Record<FeatureDayMeasure, number>>>;
  atMost: Readonly<Partial<Record<FeatureDayMeasure, number>>>;
  /** The last row of the previous page: its day, as midnight UTC, and its feature. */
  after: Position | undefined;
  limit: number;
}

export interface FeatureDay extends Record<Exclude<FeatureDayMeasure, 'avg_duration_ms'>, number> {
  feature: string;
  date: string;
  avg_duration_ms: number | null;
}

/** Lists event usage per feature and local day, latest day first, then by feature. */
export async function listFeatureDays(em: Entities, query: FeatureDaysQuery): Promise<FeatureDay[]> {
  const lastDate = query.after?.at.toISOString().slice(0, 10);
  return inSnapshot(em, async (db) => {
    const days = (await daysOfRange(db, query.range)).filter(({ date }) => lastDate === undefined || date <= lastDate);
    return readLatestDays(days, { limit: query.limit, firstDays: 1 }, (window) => readWindow(db, query, window));
  });
}

async function readWindow(db: Db, query: FeatureDaysQuery, days: readonly DayOfRange[]): Promise<FeatureDay[]> {
  const rows = await askIn(
    db,
    query.subject,
    {
      metrics: Object.values(METRICS),
      group_by: ['feature'],
      filters: filtersOf(query),
      having: [...havingOf(query.atLeast, 'greater_or_equal'), ...havingOf(query.atMost, 'less_or_equal')],
      order: [{ by: BUCKET, direction: 'desc' }],
      granularity: 'day',
    },
    rangeOf(days),
  );
  const dates = new Map(days.map(({ midnight, date }) => [midnight.getTime(), date]));
  return rows
    .flatMap(({ bucket, group, values }): FeatureDay[] => {
      const date = dates.get(bucket?.getTime() ?? Number.NaN);
      if (typeof group.feature !== 'string' || date === undefined) return [];
      return [
        {
          feature: group.feature,
          date,
          usage_count: countOf(values, METRICS.usage_count),
          unique_users: countOf(values, METRICS.unique_users),
          avg_duration_ms: numberOf(values, METRICS.avg_duration_ms),
        },
      ];
    })
    .filter(({ date, feature }) => isAfter(date, feature, query));
}

function filtersOf({ feature, userId, search }: FeatureDaysQuery): Filter[] {
  return [
    { dimension: 'feature', operator: 'is_not_null' },
    ...(feature === undefined ? [] : [{ dimension: 'feature', operator: 'equal', value: feature } as const]),
    ...(userId === undefined ? [] : [{ dimension: 'user', operator: 'equal', value: userId } as const]),
    ...(search === undefined ? [] : [{ dimension: 'feature', operator: 'contains', value: search } as const]),
  ];
}

function havingOf(bounds: FeatureDaysQuery['atLeast'], operator: Having['operator']): Having[] {
  return FEATURE_DAY_MEASURES.flatMap((name) => {
    const value = bounds[name];
    return value === undefined ? [] : [{ metric: METRICS[name], operator, value }];
  });
}

function isAfter(date: string, feature: string, { after }: FeatureDaysQuery): boolean {
  if (!after || date !== after.at.toISOString().slice(0, 10)) return true;
  // Bytewise, as PostgreSQL sorts.
  return Buffer.compare(Buffer.from(feature), Buffer.from(after.id)) > 0;
}
