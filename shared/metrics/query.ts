import type { Interval } from '../domain/buckets.ts';
import type { TimeRange } from '../domain/time-range.ts';
import { type FieldError, validationError } from '../errors.ts';
import { type Fact, type FactKind, facts } from '../facts/index.ts';
import { catalog, metricByName } from './catalog/index.ts';
import { labels } from './catalog/labels.ts';
import type { BaseMetric, Label, Metric } from './definition.ts';
import { CLOCK_DIMENSIONS, type Dimension, dimensionsOf, factsOf, isClockDimension } from './dimensions.ts';
import { baseOf, rateWithin } from './made-of.ts';

export const GRANULARITIES = ['minute', 'hour', 'day', 'week', 'month'] as const;
export type Granularity = (typeof GRANULARITIES)[number];

/** A question to the catalog. Names may be short; `groupBy` and `filters` name dimensions. */
export interface MetricQuery {
  metrics: readonly string[];
  /** Names of labels (catalog/labels.ts): what to call each group. */
  labels?: readonly string[];
  groupBy?: readonly string[];
  /** Rows that have one of the values; null for rows without one. */
  filters?: Readonly<Record<string, readonly (string | null)[]>>;
  range: TimeRange;
  /** Splits the range into local minutes, hours, days, weeks (from Monday) or months. */
  granularity?: Granularity;
  /** By one of the metrics asked for; without it by bucket, then group. */
  order?: { by: string; direction: 'asc' | 'desc' };
  limit?: number;
  /** Asks for the same of the range of the same length that ends where this one starts. Not with a granularity. */
  compareToPrevious?: boolean;
}

export interface MetricRow {
  /** The value of each dimension of `groupBy`. */
  group: Record<string, string | null>;
  /** The start of the local bucket; null without a granularity. */
  bucket: Date | null;
  /** By the names that were asked for; null where nothing can be said, like a rate of nothing. */
  values: Record<string, number | null>;
  /** By the names of the labels that were asked for; null where the range has none. */
  labels: Record<string, string | null>;
  previous: Record<string, number | null> | null;
}

/** A question whose names are all known. */
export interface ResolvedQuery {
  /** Each name that was asked for, with its metric. */
  asked: readonly { name: string; metric: Metric }[];
  /** What they are made of. */
  base: readonly BaseMetric[];
  labels: readonly { name: string; label: Label }[];
  /** Whether any number is by time, so that it matters how much each row spans. */
  needsElapsed: boolean;
  groupBy: readonly string[];
  filters: Readonly<Record<string, readonly (string | null)[]>>;
}

/** @throws TidemarkError `validation` that lists what there is where a metric or a dimension is unknown */
export function resolveQuery(query: MetricQuery): ResolvedQuery {
  const faults: FieldError[] = [];
  const asked = query.metrics.flatMap((name) => {
    const metric = metricByName.get(name);
    if (metric) return [{ name, metric }];
    faults.push({ field: 'metrics', message: `${name} is not a metric; there are ${knownMetrics()}` });
    return [];
  });
  const base = new Map(asked.flatMap(({ metric }) => baseOf(metric)).map((metric) => [metric.name, metric]));
  const named = (query.labels ?? []).flatMap((name) => {
    const label = labels.get(name);
    if (label) return [{ name, label }];
    faults.push({ field: 'labels', message: `${name} is not a label; there are ${[...labels.keys()].join(', ')}` });
    return [];
  });
  const groupBy = query.groupBy ?? [];
  const filters = query.filters ?? {};
  const common = commonDimensions(
    asked.map(({ metric }) => metric),
    named.map(({ label }) => label.fact),
  );
  for (const [field, names, usable] of [
    ['group_by', groupBy, [...common].filter((name) => name !== 'agent_tag')],
    ['filters', Object.keys(filters), [...common].filter((name) => !isClockDimension(name))],
  ] as const) {
    const there = usable.toSorted().join(', ') || 'none';
    for (const name of names) {
      if (usable.includes(name)) continue;
      const timed = field === 'group_by' && isClockDimension(name) ? ratesAmong(asked) : [];
      if (timed.length > 0) {
        const [rates, counts] = [timed.map((one) => one.name).join(', '), timed.map((one) => one.of).join(', ')];
        const message = `${rates} is a number by time, and ${name} is no stretch of time; ask for ${counts} instead, or use granularity instead of ${name}`;
        faults.push({ field, message });
        continue;
      }
      faults.push({ field, message: `${name} is not a dimension of all metrics asked for; there are: ${there}` });
    }
  }
  if (query.order && !query.metrics.includes(query.order.by))
    faults.push({ field: 'order', message: `must name one of the metrics asked for: ${query.metrics.join(', ')}` });
  if (query.compareToPrevious && query.granularity)
    faults.push({ field: 'compare_to_previous', message: 'is not taken together with granularity' });
  if (faults.length > 0) throw validationError(faults);
  const needsElapsed = asked.some(({ metric }) => rateWithin(metric) !== null);
  return { asked, base: [...base.values()], labels: named, needsElapsed, groupBy, filters };
}

/**
 * The dimensions that all of some metrics have, and the facts of labels beside them. Rates have no places on the clock: an
 * hour of the day is no stretch of time.
 */
export function commonDimensions(metrics: readonly Metric[], also: readonly FactKind[] = []): Set<string> {
  const clocks = metrics.some((metric) => rateWithin(metric) !== null) ? [] : CLOCK_DIMENSIONS;
  const ofFact = (kind: FactKind) => new Set<string>([...dimensionsOf(facts[kind]).keys(), ...clocks]);
  const sets = metrics
    .flatMap(baseOf)
    .flatMap(({ formula }) => (formula.kind === 'known-users' ? [new Set<string>()] : factsOf(formula).map(ofFact)));
  sets.push(...also.map(ofFact));
  const [first, ...others] = sets;
  return new Set([...(first ?? [])].filter((name) => others.every((set) => set.has(name))));
}

/** The dimensions that a question uses, of one fact; those of the clock aside, which belong to the time. */
export function usedDimensions(fact: Fact, { groupBy, filters }: Pick<ResolvedQuery, 'groupBy' | 'filters'>) {
  const dimensions = dimensionsOf(fact);
  const find = (name: string): Dimension => {
    const dimension = dimensions.get(name);
    if (!dimension) throw new Error(`${fact.kind} has no dimension ${name}`);
    return dimension;
  };
  return {
    groups: groupBy.filter((name) => !isClockDimension(name)).map(find),
    conditions: Object.entries(filters).map(([name, values]) => ({ dimension: find(name), values })),
  };
}

export function intervalOf({ startInclusive, endExclusive }: TimeRange): Interval {
  return { startInclusiveMs: startInclusive.getTime(), endExclusiveMs: endExclusive.getTime() };
}

function knownMetrics(): string {
  return catalog.map(({ name }) => name).join(', ');
}

function ratesAmong(asked: ResolvedQuery['asked']) {
  return asked.flatMap(({ name, metric }) => {
    const rate = rateWithin(metric);
    return rate ? [{ name, of: rate.formula.of }] : [];
  });
}
