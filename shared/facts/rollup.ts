import { type RawBuilder, sql } from 'kysely';

/** A column of a fact's rollup that is aggregated; `t` is the fact, `execution` the execution it belongs to. */
export interface Measure {
  type: 'bigint' | 'numeric' | 'text[]';
  /** The aggregate over facts. */
  aggregate: RawBuilder<unknown>;
  /** How rows of finer buckets become one of a coarser bucket. */
  merge: 'sum' | 'max';
}

/** What a fact's rows are counted by. Null is a value like others. */
export interface RollupDimension {
  value: RawBuilder<unknown>;
  /** The value is the execution's where the fact has none of its own. */
  source?: 'executions';
}

/** What is kept of a fact by buckets of time. */
export interface Rollup {
  dimensions: Readonly<Record<string, RollupDimension>>;
  /**
   * Smaller tables of hours and days beside the one of all dimensions, each by the dimensions it has; none for everything
   * together. A question reads the first one that has what it names, so the smallest comes first.
   */
  tiers?: readonly (readonly string[])[];
  measures: Readonly<Record<string, Measure>>;
  /** Distributions, by the name of the measure: kept from the hour up. */
  sketches: Readonly<Record<string, RawBuilder<unknown>>>;
  /** Where rows name a user, what counts as that user's activity beside their number; the amounts add up to a measure. */
  users?: {
    name?: RawBuilder<unknown>;
    feature?: RawBuilder<unknown>;
    amount?: RawBuilder<unknown>;
    amountMeasure?: string;
  };
}

/** A dimension that is the fact's own column. */
export function own(column: string): RollupDimension {
  return { value: sql.ref(`t.${column}`) };
}

/** How many rows, of those that hold `condition` where one is given. */
export function countOf(condition?: RawBuilder<unknown>): Measure {
  const filter = condition === undefined ? sql`` : sql` FILTER (WHERE ${condition})`;
  return { type: 'bigint', aggregate: sql`count(*)${filter}`, merge: 'sum' };
}

/** How many rows have a value. */
export function countGiven(column: string): Measure {
  return { type: 'bigint', aggregate: sql`count(${sql.ref(`t.${column}`)})`, merge: 'sum' };
}

/** The sum over rows that have a value; 0 where none has. Numeric, for no sum is too large for it. */
export function sumOf(column: string): Measure {
  return { type: 'numeric', aggregate: sql`coalesce(sum(${sql.ref(`t.${column}`)}), 0)`, merge: 'sum' };
}

/** Sum and number of a duration or score, for its mean. */
export function meanOf<Name extends string>(name: Name, column: string) {
  return {
    [`${name}_sum`]: sumOf(column),
    [`${name}_count`]: countGiven(column),
  };
}

/** The states of a fact that begins and ends. A cancelled run is neither a success nor a failure. */
export function statusCounts() {
  return {
    count: countOf(),
    success_count: countOf(sql`t.status = 'success'`),
    failure_count: countOf(sql`t.status IN ('failure', 'timeout')`),
    timeout_count: countOf(sql`t.status = 'timeout'`),
    cancelled_count: countOf(sql`t.status = 'cancelled'`),
    in_progress_count: countOf(sql`t.status = 'in_progress'`),
  };
}
