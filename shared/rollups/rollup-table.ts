import type { Fact, FactKind } from '../facts/index.ts';

/** The name of a fact's rollup table. */
export function rollupTable(kind: FactKind): string {
  return `rollup_${kind}`;
}

/** A table of a fact's rollup and the dimensions of its rows. */
export interface RollupTier {
  table: string;
  dimensions: readonly string[];
}

/** The tier with all dimensions and all grains. */
export function fullTier({ kind, rollup }: Fact): RollupTier {
  return { table: rollupTable(kind), dimensions: Object.keys(rollup.dimensions) };
}

/** The tiers with few dimensions, which have hours and days only; smallest first. */
export function smallTiers({ kind, rollup }: Fact): RollupTier[] {
  return (rollup.tiers ?? []).map((dimensions) => ({
    table: [rollupTable(kind), ...(dimensions.length > 0 ? ['by', ...dimensions] : ['total'])].join('_'),
    dimensions,
  }));
}
