import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../db/orm.ts';
import { bucketsOf, GRAINS, type Grain, intervalsOf } from '../domain/buckets.ts';
import type { Fact } from '../facts/index.ts';
import { bucketStart, combined, factBins, factMeasures, rollupBins, rollupMeasures } from './aggregate.ts';
import { bucketArray, during } from './intervals.ts';
import { fullTier, type RollupTier, smallTiers } from './rollup-table.ts';

/**
 * Recomputes the rollup rows of some quarter hours from the facts, then their hours and days. Idempotent: rows are
 * replaced, never incremented.
 * @param quarterHours bucket starts in epoch milliseconds, ascending
 */
export async function refreshFact(trx: Db, fact: Fact, orgId: string, quarterHours: readonly number[]): Promise<void> {
  const hours = bucketsOf(quarterHours, 'hour');
  const days = bucketsOf(quarterHours, 'day');
  const full = fullTier(fact);
  await replace(trx, fact, full, orgId, 'quarter_hour', quarterHours, quarterHourRows(fact, orgId, quarterHours));
  await replace(trx, fact, full, orgId, 'hour', hours, hourRows(fact, orgId, hours));
  await replace(trx, fact, full, orgId, 'day', days, dayRows(fact, orgId, days));
  for (const tier of smallTiers(fact)) {
    await replace(trx, fact, tier, orgId, 'hour', hours, tierRows(fact, tier, orgId, 'hour', hours));
    await replace(trx, fact, tier, orgId, 'day', days, tierRows(fact, tier, orgId, 'day', days));
  }
}

/** The expected rollup rows of these quarter hours, computed from the facts. */
export function quarterHourRows(fact: Fact, orgId: string, quarterHours: readonly number[]): RawBuilder<unknown> {
  const { measureSet, names } = shape(fact);
  const selection = fromFacts(fact, orgId, 'quarter_hour', quarterHours);
  return combined(
    fact.rollup,
    names,
    { ...measureSet, sketches: [] },
    {
      measures: [factMeasures(fact, selection, measureSet.measures)],
      bins: () => [],
    },
  );
}

/** The expected rollup rows of these hours: measures from the quarter-hour rows, sketches from the facts. */
export function hourRows(fact: Fact, orgId: string, hours: readonly number[]): RawBuilder<unknown> {
  const { measureSet, names } = shape(fact);
  return combined(fact.rollup, names, measureSet, {
    measures: [rollupMeasures(fact, fromRollup(fact, orgId, 'quarter_hour', 'hour', hours), measureSet.measures)],
    bins: (sketch) => [factBins(fact, fromFacts(fact, orgId, 'hour', hours), sketch)],
  });
}

/** The expected rollup rows of these UTC days, computed from the hour rows. */
export function dayRows(fact: Fact, orgId: string, days: readonly number[]): RawBuilder<unknown> {
  const { measureSet, names } = shape(fact);
  const selection = fromRollup(fact, orgId, 'hour', 'day', days);
  return combined(fact.rollup, names, measureSet, {
    measures: [rollupMeasures(fact, selection, measureSet.measures)],
    bins: (sketch) => [rollupBins(fact, selection, sketch)],
  });
}

/** The expected rows of a small tier: hours from the hour rows of the full tier, days from the tier's own hour rows. */
export function tierRows(
  fact: Fact,
  tier: RollupTier,
  orgId: string,
  grain: 'hour' | 'day',
  starts: readonly number[],
): RawBuilder<unknown> {
  const { measureSet, names } = shape(fact, tier);
  const selection = {
    ...fromRollup(fact, orgId, 'hour', grain, starts, tier),
    from: sql`${sql.table(grain === 'hour' ? fullTier(fact).table : tier.table)} t`,
  };
  return combined(fact.rollup, names, measureSet, {
    measures: [rollupMeasures(fact, selection, measureSet.measures)],
    bins: (sketch) => [rollupBins(fact, selection, sketch)],
  });
}

function shape(fact: Fact, tier: RollupTier = fullTier(fact)) {
  const { rollup } = fact;
  return {
    measureSet: { measures: Object.keys(rollup.measures), sketches: Object.keys(rollup.sketches) },
    names: ['bucket', ...tier.dimensions],
  };
}

function fromFacts(fact: Fact, orgId: string, grain: Grain, starts: readonly number[]) {
  const at = sql.ref(`t.${fact.timeColumn}`);
  const dimensions = Object.entries(fact.rollup.dimensions);
  const { from, where } = during(sql.table(fact.kind), orgId, fact.timeColumn, intervalsOf(starts, grain));
  return {
    groups: [
      { name: 'bucket', value: bucketStart(at, grain) },
      ...dimensions.map(([name, { value }]) => ({ name, value })),
    ],
    from,
    where,
    needsExecution: dimensions.some(([, { source }]) => source !== undefined),
  };
}

function fromRollup(
  fact: Fact,
  orgId: string,
  from: Grain,
  to: Grain,
  starts: readonly number[],
  { dimensions }: RollupTier = fullTier(fact),
) {
  return {
    groups: [
      { name: 'bucket', value: bucketStart(sql`t.bucket`, to) },
      ...dimensions.map((name) => ({ name, value: sql.ref(`t.${name}`) })),
    ],
    where: sql`t.org_id = ${orgId} AND t.grain_seconds = ${GRAINS[from]}
      AND t.bucket = ANY (${bucketArray(partsOf(starts, from, to))})`,
  };
}

/** The buckets of a finer grain that make up the given buckets of a coarser one. */
function partsOf(starts: readonly number[], from: Grain, to: Grain): number[] {
  const count = GRAINS[to] / GRAINS[from];
  return starts.flatMap((start) => Array.from({ length: count }, (_, n) => start + n * GRAINS[from] * 1000));
}

async function replace(
  trx: Db,
  fact: Fact,
  tier: RollupTier,
  orgId: string,
  grain: Grain,
  starts: readonly number[],
  rows: RawBuilder<unknown>,
): Promise<void> {
  const table = sql.table(tier.table);
  const { measureSet, names } = shape(fact, tier);
  const sketches = grain === 'quarter_hour' ? [] : measureSet.sketches;
  const columns = [...names, ...measureSet.measures, ...sketches.flatMap((name) => [`${name}_bins`, `${name}_counts`])];
  await sql`DELETE FROM ${table} t WHERE t.org_id = ${orgId} AND t.grain_seconds = ${GRAINS[grain]}
    AND t.bucket = ANY (${bucketArray(starts)})`.execute(trx);
  await sql`INSERT INTO ${table} (org_id, grain_seconds, ${sql.join(columns.map((name) => sql.ref(name)))})
    SELECT ${orgId}, ${GRAINS[grain]}, ${sql.join(columns.map((name) => sql.ref(`r.${name}`)))} FROM (${rows}) r`.execute(
    trx,
  );
}
