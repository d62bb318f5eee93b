import { type RawBuilder, sql } from 'kysely';

/** A column of a fact's rollup that is aggregated; `t` is the fact, `execution` the execution it belongs to. */
export interface Measure {
  type: 'bigint' | 'numeric' | 'text[]';
  /** The aggregate over facts. */
  aggregate: RawBuilder<unknown>;
  /** How rows of finer buckets become one of a coarser bucket. */
  merge: 'sum' | 'max';
}

/** A column by which a fact's rows are grouped. Null is a value like others. */
export interface RollupDimension {
  value: RawBuilder<unknown>;
  /** The value is the execution's where the fact has none of its own. */
  source?: 'executions';
}

/** What the rollup tables hold of a fact. */
export interface Rollup {
  dimensions: Readonly<Record<string, RollupDimension>>;
  /**
   * Smaller tables of hours and days beside the one of all dimensions, each with its dimensions; an empty list is the
   * grand total. A question reads the first table that has the dimensions it names, so the smallest comes first.
   */
  tiers?: readonly (readonly string[])[];
  measures: Readonly<Record<string, Measure>>;
  /** Distributions, by the name of the measure: kept from the hour up. */
  sketches: Readonly<Record<string, RawBuilder<unknown>>>;
  /** Where rows name a user: what counts as that user's activity besides the number of rows; the amounts add up to a measure. */
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

/** How many rows; with a condition, how many of those that satisfy it. */
export function countOf(condition?: RawBuilder<unknown>): Measure {
  const filter = condition === undefined ? sql`` : sql` FILTER (WHERE ${condition})`;
  return { type: 'bigint', aggregate: sql`count(*)${filter}`, merge: 'sum' };
}

/** How many rows have a value. */
function countGiven(column: string): Measure {
  return { type: 'bigint', aggregate: sql`count(${sql.ref(`t.${column}`)})`, merge: 'sum' };
}

/** The sum of the values; 0 where no row has one. Numeric, so that no sum overflows. */
function sumOf(column: string): Measure {
  return { type: 'numeric', aggregate: sql`coalesce(sum(${sql.ref(`t.${column}`)}), 0)`, merge: 'sum' };
}

function meanOf(name: string, column: string): Readonly<Record<string, Measure>> {
  return {
    [`${name}_sum`]: sumOf(column),
    [`${name}_count`]: countGiven(column),
  };
}

/** Measures of one column, by their names. */
export type FieldMeasure = (column: string) => Readonly<Record<string, Measure>>;

/** Sum and number of the field's values, for its mean: `<name>_sum` and `<name>_count`. */
export function mean(name?: string): FieldMeasure {
  return (column) => meanOf(name ?? column, column);
}

/** The sum of the field's values: `<name>_sum`. */
export function sum(name?: string): FieldMeasure {
  return (column) => ({ [`${name ?? column}_sum`]: sumOf(column) });
}

/** How many rows have a value: `<name>_count`. */
export function given(name: string): FieldMeasure {
  return (column) => ({ [`${name}_count`]: countGiven(column) });
}

/** Counts by status of a fact that starts and ends. A cancelled run is neither a success nor a failure. */
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
