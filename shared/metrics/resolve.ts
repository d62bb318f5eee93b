import type { TimeRange } from '../domain/time-range.ts';
import { type FieldError, validationError } from '../errors.ts';
import { type FactKind, facts } from '../facts/index.ts';
import { catalog, metricByName } from './catalog/index.ts';
import { labels } from './catalog/labels.ts';
import type { BaseMetric, Label, Metric } from './definition.ts';
import { CLOCK_DIMENSIONS, dimensionsOf, factsOf, isClockDimension } from './dimensions.ts';
import { baseOf, rateWithin } from './made-of.ts';
import { BUCKET, type Filter, type Granularity, QUESTION_LIMITS, type Question } from './question.ts';

const HOUR_MS = 3_600_000;
/** The least length of a bucket. */
const LEAST_MS = {
  minute: 60_000,
  hour: HOUR_MS,
  day: 24 * HOUR_MS,
  week: 168 * HOUR_MS,
  month: 672 * HOUR_MS,
} as const;

/** A question whose names are all known. */
export interface ResolvedQuestion {
  /** Each requested name with its metric. */
  asked: readonly { name: string; metric: Metric }[];
  /** What they are made of. */
  base: readonly BaseMetric[];
  labels: readonly { name: string; label: Label }[];
  /** Whether a metric is a rate over time, which needs the elapsed time of each row. */
  needsElapsed: boolean;
  groupBy: readonly string[];
  filters: readonly Filter[];
}

/** @throws TidemarkError `validation` that lists what there is where a metric or a dimension is unknown */
export function resolveQuestion(question: Question, range: TimeRange): ResolvedQuestion {
  const faults: FieldError[] = [];
  const asked = question.metrics.flatMap((name) => {
    const metric = metricByName.get(name);
    if (metric) return [{ name, metric }];
    faults.push({ field: 'metrics', message: `${name} is not a metric; metrics: ${knownMetrics()}` });
    return [];
  });
  const base = new Map(asked.flatMap(({ metric }) => baseOf(metric)).map((metric) => [metric.name, metric]));
  const named = (question.labels ?? []).flatMap((name) => {
    const label = labels.get(name);
    if (label) return [{ name, label }];
    faults.push({ field: 'labels', message: `${name} is not a label; labels: ${[...labels.keys()].join(', ')}` });
    return [];
  });
  const groupBy = question.group_by ?? [];
  const filters = question.filters ?? [];
  const common = commonDimensions(
    asked.map(({ metric }) => metric),
    named.map(({ label }) => label.fact),
  );
  for (const [field, names, usable] of [
    ['group_by', groupBy, [...common].filter((name) => name !== 'agent_tag')],
    ['filters', filters.map(({ dimension }) => dimension), [...common].filter((name) => !isClockDimension(name))],
  ] as const) {
    const there = usable.toSorted().join(', ') || 'none';
    for (const name of names) {
      if (usable.includes(name)) continue;
      const timed = field === 'group_by' && isClockDimension(name) ? ratesAmong(asked) : [];
      if (timed.length > 0) {
        const [rates, counts] = [timed.map((one) => one.name).join(', '), timed.map((one) => one.of).join(', ')];
        const message = `${rates} is a rate over time, so ${name} cannot group it; use ${counts}, or granularity instead of ${name}`;
        faults.push({ field, message });
        continue;
      }
      faults.push({
        field,
        message: `${name} is not a dimension of all requested metrics; common dimensions: ${there}`,
      });
    }
  }
  faults.push(...arrangementFaults(question, range));
  if (question.granularity) {
    // As buckets of it would say who was first seen in each.
    const states = asked.filter(({ metric }) => baseOf(metric).some(isState));
    for (const { name } of states) {
      const message = `cannot be combined with ${name}, which is a total at the end of the range; use users.new`;
      faults.push({ field: 'granularity', message });
    }
  }
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

function isState({ formula }: BaseMetric): boolean {
  return formula.kind === 'known-users' && formula.which === 'all';
}

/** What orders, conditions on rows, comparison and filling ask for that the question does not have. */
function arrangementFaults(question: Question, range: TimeRange): FieldError[] {
  const { metrics, group_by: groupBy = [], granularity } = question;
  const faults: FieldError[] = [];
  const sortable = [...(granularity === undefined ? [] : [BUCKET]), ...metrics, ...groupBy];
  for (const { by } of question.order ?? []) {
    if (!sortable.includes(by)) faults.push({ field: 'order', message: `must name one of: ${sortable.join(', ')}` });
  }
  for (const { metric } of question.having ?? []) {
    if (!metrics.includes(metric))
      faults.push({ field: 'having', message: `must name a requested metric: ${metrics.join(', ')}` });
  }
  for (const [field, names] of [
    ['metrics', metrics],
    ['group_by', groupBy],
  ] as const) {
    if (new Set(names).size < names.length) faults.push({ field, message: 'contains a duplicate' });
  }
  if (question.compare_to_previous && granularity)
    faults.push({ field: 'compare_to_previous', message: 'cannot be combined with granularity' });
  if (question.fill && !granularity) faults.push({ field: 'fill', message: 'requires a granularity' });
  const clocks = groupBy.filter(isClockDimension);
  if (question.fill && clocks.length > 0) {
    // Most hours of the day never occur in an hour.
    faults.push({ field: 'fill', message: `cannot be combined with ${clocks.join(', ')}` });
  }
  if (question.fill && granularity && bucketsIn(range, granularity) > QUESTION_LIMITS.fill_buckets) {
    const message = `fills at most ${QUESTION_LIMITS.fill_buckets} buckets; use a coarser granularity than ${granularity}`;
    faults.push({ field: 'fill', message });
  }
  return faults;
}

/** About how many buckets a range has. */
function bucketsIn({ startInclusive, endExclusive }: TimeRange, granularity: Granularity): number {
  return (endExclusive.getTime() - startInclusive.getTime()) / LEAST_MS[granularity];
}

function knownMetrics(): string {
  return catalog.map(({ name }) => name).join(', ');
}

function ratesAmong(asked: ResolvedQuestion['asked']) {
  return asked.flatMap(({ name, metric }) => {
    const rate = rateWithin(metric);
    return rate ? [{ name, of: rate.formula.of }] : [];
  });
}
