import { type RawBuilder, sql } from 'kysely';
import { GRAINS, type Grain, type Interval } from '../../domain/buckets.ts';
import type { Fact } from '../../facts/index.ts';
import {
  combined,
  factBins,
  factMeasures,
  type MeasureSet,
  rollupBins,
  rollupMeasures,
  type Selection,
} from '../../rollups/aggregate.ts';
import { within } from '../../rollups/intervals.ts';
import { fullTier, type RollupTier, smallTiers } from '../../rollups/rollup-table.ts';
import { type ClockDimension, isClockDimension, satisfies, usedDimensions } from '../dimensions.ts';
import type { Granularity } from '../question.ts';
import type { ResolvedQuestion } from '../resolve.ts';
import type { Spans } from './spans.ts';

/** What all statements of one question have in common. */
export interface Scope extends Pick<ResolvedQuestion, 'groupBy' | 'filters'> {
  orgId: string;
  timeZone: string;
  granularity: Granularity | undefined;
  /** The range, kept to the day of the time zone's own offsets: seconds, each once, over the range. */
  offsetsSeconds: readonly number[];
  /** Leaves out facts that were stored later, a time in PostgreSQL's full precision; rollups do not know when that was. */
  asOf?: string | undefined;
}

/** How each place on the clock cuts time, and how it is read off a local time. */
const CLOCK: Readonly<Record<ClockDimension, { cuts: Granularity; field: RawBuilder<unknown> }>> = {
  hour_of_day: { cuts: 'hour', field: sql`hour` },
  weekday: { cuts: 'day', field: sql`isodow` },
};

/** Whether rows are told apart by local time, so that offsets matter. */
export function isLocal({ granularity, groupBy }: Pick<Scope, 'granularity' | 'groupBy'>): boolean {
  return granularity !== undefined || groupBy.some(isClockDimension);
}

/** The grains whose buckets each lie within one bucket of the answer. */
export function grainsWithin({
  granularity,
  groupBy,
  offsetsSeconds,
}: Pick<Scope, 'granularity' | 'groupBy' | 'offsetsSeconds'>): Set<Grain> {
  const cuts = new Set([
    ...(granularity ? [granularity] : []),
    ...groupBy.filter(isClockDimension).map((name) => CLOCK[name].cuts),
  ]);
  if (cuts.size === 0) return new Set(['day', 'hour', 'quarter_hour']);
  const wholly = (seconds: number) => offsetsSeconds.every((offset) => offset % seconds === 0);
  const grains = new Set<Grain>();
  if (cuts.has('minute') || !wholly(GRAINS.quarter_hour)) return grains;
  grains.add('quarter_hour');
  if (wholly(GRAINS.hour)) grains.add('hour');
  if (!cuts.has('hour') && offsetsSeconds.every((offset) => offset === 0)) grains.add('day');
  return grains;
}

/** The grains that a question of one fact may read: none where only the facts know a dimension. */
export function usableGrains(scope: Scope, fact: Fact, measureSet: MeasureSet): Set<Grain> {
  const { groups, conditions } = usedDimensions(fact, scope);
  const used = [...groups, ...conditions.map(({ dimension }) => dimension)];
  if (used.some(({ ofRollup }) => ofRollup === null)) return new Set();
  const grains = grainsWithin(scope);
  if (measureSet.sketches.length > 0) grains.delete('quarter_hour');
  return grains;
}

/**
 * One statement for all measures and sketches of one fact: rows of `bucket` (with a granularity), `d_<dimension>`,
 * measures, and `<sketch>_bins` with `<sketch>_counts`.
 */
export function compileMeasures(scope: Scope, fact: Fact, measureSet: MeasureSet, spans: Spans): RawBuilder<unknown> {
  const ofFacts = factSelection(scope, fact, spans.facts);
  const ofRollups = [...spans.rollups].map(([grain, intervals]) => rollupSelection(scope, fact, grain, intervals));
  const measures = ofRollups.map((selection) => rollupMeasures(fact, selection, measureSet.measures));
  // Also where no interval is left: a statement needs one part at least, and a false condition reads nothing.
  if (spans.facts.length > 0 || measures.length === 0) measures.push(factMeasures(fact, ofFacts, measureSet.measures));
  return combined(fact.rollup, groupNames(scope), measureSet, {
    measures,
    bins: (sketch) => [
      ...ofRollups.map((selection) => rollupBins(fact, selection, sketch)),
      ...(spans.facts.length > 0 || ofRollups.length === 0 ? [factBins(fact, ofFacts, sketch)] : []),
    ],
  });
}

export function groupNames({ granularity, groupBy }: Scope): string[] {
  return [...(granularity === undefined ? [] : ['bucket']), ...groupBy.map((name) => `d_${name}`)];
}

/** The local bucket of a time, and its places on the local clock. */
export function localColumns({ granularity, groupBy, timeZone }: Scope, at: RawBuilder<unknown>) {
  const bucket = granularity === undefined ? null : sql`date_trunc(${granularity}, ${at}, ${timeZone})`;
  return [
    ...(bucket ? [{ name: 'bucket', value: bucket }] : []),
    ...groupBy.filter(isClockDimension).map((name) => ({
      name: `d_${name}`,
      value: sql`extract(${CLOCK[name].field} FROM ${at} AT TIME ZONE ${timeZone})::integer`,
    })),
  ];
}

/** Rows `t` of the facts in some intervals that the filters let through. */
export function factSelection(
  scope: Scope,
  fact: Fact,
  intervals: readonly Interval[],
  only: RawBuilder<unknown> | null = null,
): Selection {
  const at = sql.ref(`t.${fact.timeColumn}`);
  const { groups, conditions } = usedDimensions(fact, scope);
  const where = [sql`t.org_id = ${scope.orgId} AND ${within(at, intervals)}`];
  for (const { dimension, filter } of conditions) where.push(satisfies(dimension, dimension.ofFact, filter));
  if (scope.asOf !== undefined) where.push(sql`t.ingested_at <= ${scope.asOf}::timestamptz`);
  if (only) where.push(only);
  return {
    groups: [...localColumns(scope, at), ...groups.map(({ name, ofFact }) => ({ name: `d_${name}`, value: ofFact }))],
    where: sql.join(where, sql` AND `),
    needsExecution: [...groups, ...conditions.map(({ dimension }) => dimension)].some((one) => one.needsExecution),
  };
}

/** The smallest table of the rollup that has what is asked for. */
function tierOf(scope: Scope, fact: Fact, grain: Grain): RollupTier {
  const { groups, conditions } = usedDimensions(fact, scope);
  const used = [...groups, ...conditions.map(({ dimension }) => dimension)];
  const small = grain === 'quarter_hour' ? [] : smallTiers(fact);
  return small.find(({ dimensions }) => used.every(({ column }) => dimensions.includes(column))) ?? fullTier(fact);
}

function rollupSelection(scope: Scope, fact: Fact, grain: Grain, intervals: readonly Interval[]): Selection {
  const bucket = sql.ref('t.bucket');
  const { groups, conditions } = usedDimensions(fact, scope);
  const where = [
    sql`t.org_id = ${scope.orgId} AND t.grain_seconds = ${sql.lit(GRAINS[grain])} AND ${within(bucket, intervals)}`,
  ];
  for (const { dimension, filter } of conditions) {
    if (dimension.ofRollup) where.push(satisfies(dimension, dimension.ofRollup, filter));
  }
  return {
    groups: [
      ...localColumns(scope, bucket),
      ...groups.flatMap(({ name, ofRollup }) => (ofRollup ? [{ name: `d_${name}`, value: ofRollup }] : [])),
    ],
    from: sql`${sql.table(tierOf(scope, fact, grain).table)} t`,
    where: sql.join(where, sql` AND `),
  };
}
