import { type RawBuilder, sql } from 'kysely';
import { GRAINS, type Grain } from '../domain/buckets.ts';
import { LEAST_VALUE, LOG_GAMMA, ZERO_BIN } from '../domain/sketch.ts';
import type { Fact } from '../facts/index.ts';
import type { Rollup } from '../facts/rollup.ts';
import { joinExecution } from './join-execution.ts';
import { rollupTable } from './rollup-table.ts';

/** A column to group by: its output name, and its expression over the aggregated rows `t`. */
export interface GroupColumn {
  name: string;
  value: RawBuilder<unknown>;
}

/** The rows to aggregate and the columns to group them by. */
export interface Selection {
  groups: readonly GroupColumn[];
  where: RawBuilder<unknown>;
  /** The FROM item that provides the rows `t`; the fact's or rollup's own table by default. */
  from?: RawBuilder<unknown>;
  /** Whether values or conditions refer to the row's `execution`; only selections of facts can. */
  needsExecution?: boolean;
}

/** The measures and sketches of a fact's rollup to compute, by name. */
export interface MeasureSet {
  measures: readonly string[];
  sketches: readonly string[];
}

/** A SELECT of rows with the group columns and measures. */
export type MeasureRows = RawBuilder<unknown>;
/** A SELECT of rows with the group columns, a `bin` and the `number` of values in it. */
export type BinRows = RawBuilder<unknown>;

/** Computes measures from the facts. @throws Error for a measure that the rollup does not have */
export function factMeasures(fact: Fact, selection: Selection, measures: readonly string[]): MeasureRows {
  const values = measures.map((name) => ({ name, value: measureOf(fact.rollup, name).aggregate }));
  return sql`SELECT ${list([...selection.groups, ...values])} ${facts(fact, selection)} ${groupedBy(selection.groups.length)}`;
}

/**
 * Computes the bins of a sketch (DDSketch, relative error 1 %) from the facts.
 * @throws Error for a sketch that the rollup does not have
 */
export function factBins(fact: Fact, selection: Selection, sketch: string): BinRows {
  const value = sketchOf(fact.rollup, sketch);
  const keys = [...selection.groups, { name: 'bin', value: binOf(value) }];
  return sql`SELECT ${list([...keys, { name: 'number', value: sql`count(*)` }])} ${facts(fact, selection)}
    AND ${value} IS NOT NULL ${groupedBy(keys.length)}`;
}

/** Merges measures of rollup rows, which are `t` in the selection. */
export function rollupMeasures(fact: Fact, selection: Selection, measures: readonly string[]): MeasureRows {
  const { groups, where } = selection;
  const values = measures.map((name) => ({ name, value: mergeOf(fact.rollup, name, sql.ref(`t.${name}`)) }));
  return sql`SELECT ${list([...groups, ...values])} FROM ${rollupOf(fact, selection)} WHERE ${where}
    ${groupedBy(groups.length)}`;
}

/** Merges the bins of a sketch of rollup rows. Only hour and day rows have sketches. */
export function rollupBins(fact: Fact, selection: Selection, sketch: string): BinRows {
  const { groups, where } = selection;
  const keys = [...groups, { name: 'bin', value: sql`u.bin` }];
  return sql`SELECT ${list([...keys, { name: 'number', value: sql`sum(u.number)` }])}
    FROM ${rollupOf(fact, selection)}
    CROSS JOIN LATERAL unnest(${sql.ref(`t.${sketch}_bins`)}, ${sql.ref(`t.${sketch}_counts`)}) AS u(bin, number)
    WHERE ${where} ${groupedBy(keys.length)}`;
}

function rollupOf(fact: Fact, { from }: Selection): RawBuilder<unknown> {
  return from ?? sql`${sql.table(rollupTable(fact.kind))} t`;
}

/**
 * Merges several parts into one row per group: the columns `groups`, the measures, and `<sketch>_bins` and
 * `<sketch>_counts` for each sketch.
 */
export function combined(
  rollup: Rollup,
  groups: readonly string[],
  { measures, sketches }: MeasureSet,
  parts: { measures: readonly MeasureRows[]; bins: (sketch: string) => readonly BinRows[] },
): RawBuilder<unknown> {
  const [only] = parts.measures;
  // A single part is already grouped; grouping it again would double the time.
  if (only && parts.measures.length === 1 && sketches.length === 0) return only;
  const arrays = sketches.flatMap((sketch) => [`${sketch}_bins`, `${sketch}_counts`]);
  const plain = sql`SELECT ${list([
    ...groups.map((name) => ({ name, value: sql.ref(`m.${name}`) })),
    ...measures.map((name) => ({ name, value: sql.ref(`m.${name}`) })),
    ...arrays.map((name) => ({ name, value: noArray(name) })),
  ])} FROM (${union(parts.measures)}) m`;
  const gathered = sketches.map((sketch) => {
    const keys = [...groups, 'bin'].map((name) => ({ name, value: sql.ref(`n.${name}`) }));
    const bins = sql`SELECT ${list([...keys, { name: 'number', value: sql`sum(n.number)::bigint` }])}
      FROM (${union(parts.bins(sketch))}) n ${groupedBy(keys.length)}`;
    return sql`SELECT ${list([
      ...groups.map((name) => ({ name, value: sql.ref(`b.${name}`) })),
      ...measures.map((name) => ({ name, value: sql`NULL::${sql.raw(measureOf(rollup, name).type)}` })),
      ...arrays.map((name) => ({ name, value: arrayOf(sketch, name) })),
    ])} FROM (${bins}) b ${groupedBy(groups.length)}`;
  });
  return sql`SELECT ${list([
    ...groups.map((name) => ({ name, value: sql.ref(`p.${name}`) })),
    ...measures.map((name) => ({ name, value: mergeOf(rollup, name, sql.ref(`p.${name}`)) })),
    ...arrays.map((name) => ({ name, value: sql`max(${sql.ref(`p.${name}`)})` })),
  ])} FROM (${union([plain, ...gathered])}) p ${groupedBy(groups.length)}`;
}

/** The start of the bucket of this grain that contains a time. */
export function bucketStart(at: RawBuilder<unknown>, grain: Grain): RawBuilder<unknown> {
  return sql`date_bin(make_interval(secs => ${sql.lit(GRAINS[grain])}), ${at}, 'epoch'::timestamptz)`;
}

function facts(fact: Fact, { from, where, needsExecution }: Selection): RawBuilder<unknown> {
  return sql`FROM ${from ?? sql`${sql.table(fact.kind)} t`} ${needsExecution ? joinExecution() : sql``} WHERE ${where}`;
}

function measureOf(rollup: Rollup, name: string) {
  const measure = rollup.measures[name];
  if (!measure) throw new Error(`Measure ${name} does not exist`);
  return measure;
}

function sketchOf(rollup: Rollup, name: string): RawBuilder<unknown> {
  const value = rollup.sketches[name];
  if (!value) throw new Error(`Sketch ${name} does not exist`);
  return value;
}

function mergeOf(rollup: Rollup, name: string, value: RawBuilder<unknown>): RawBuilder<unknown> {
  const { merge, type } = measureOf(rollup, name);
  return merge === 'sum' ? sql`coalesce(sum(${value}), 0)::${sql.raw(type)}` : sql`max(${value})`;
}

function binOf(value: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`CASE WHEN ${value} <= ${sql.lit(LEAST_VALUE)} THEN ${sql.lit(ZERO_BIN)}
    ELSE ceil(ln((${value})::float8) / ${sql.lit(LOG_GAMMA)}::float8)::integer END`;
}

function list(columns: readonly GroupColumn[]): RawBuilder<unknown> {
  return sql.join(columns.map(({ name, value }) => sql`${value} AS ${sql.ref(name)}`));
}

/**
 * Groups by column position, so that expressions are not repeated. Without groups the result is one row, or no row if
 * nothing matched.
 */
function groupedBy(groups: number): RawBuilder<unknown> {
  if (groups === 0) return sql`HAVING count(*) > 0`;
  return sql`GROUP BY ${sql.join(Array.from({ length: groups }, (_, n) => sql.lit(n + 1)))}`;
}

function union(parts: readonly RawBuilder<unknown>[]): RawBuilder<unknown> {
  return sql.join(
    parts.map((part) => sql`(${part})`),
    sql` UNION ALL `,
  );
}

function noArray(name: string): RawBuilder<unknown> {
  return name.endsWith('_bins') ? sql`NULL::integer[]` : sql`NULL::bigint[]`;
}

function arrayOf(sketch: string, name: string): RawBuilder<unknown> {
  if (name === `${sketch}_bins`) return sql`array_agg(b.bin ORDER BY b.bin)`;
  if (name === `${sketch}_counts`) return sql`array_agg(b.number ORDER BY b.bin)`;
  return noArray(name);
}
