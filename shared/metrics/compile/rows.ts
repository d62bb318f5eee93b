import { type RawBuilder, sql } from 'kysely';
import { isClockDimension } from '../dimensions.ts';
import { BUCKET, type Question } from '../question.ts';
import type { RelationColumn } from '../relation-column.ts';
import type { ResolvedQuestion } from '../resolve.ts';
import { isMoney } from '../value.ts';
import { compileBuckets, elapsedOfMinute, elapsedOfRange } from './buckets.ts';
import { labelColumn } from './columns.ts';
import { combine, type Side } from './combine.ts';
import { compileFormula } from './formulas.ts';
import { groupNames } from './measures.ts';
import { compileSources, type Reading } from './sources.ts';

interface Asked {
  question: Question;
  resolved: ResolvedQuestion;
  columns: readonly RelationColumn[];
  now: Reading;
  before: Reading | null;
}

/** The rows of an answer, in no order: its columns by their names. Without groups there is one row, also of nothing. */
export function compileRows({ question, resolved, columns, now, before }: Asked): RawBuilder<unknown> {
  const { scope, range } = now;
  const { granularity } = scope;
  const keys = groupNames(scope);
  const combined = combine(keys, compileSources(resolved, now), before ? compileSources(resolved, before) : []);
  const needsBuckets =
    granularity !== undefined && (question.fill || (resolved.needsElapsed && granularity !== 'minute'));
  const withBuckets = needsBuckets
    ? sql`, buckets AS MATERIALIZED (${compileBuckets({ ...scope, granularity }, range)})`
    : sql``;
  const elapsedMs = (side: Side): RawBuilder<unknown> => {
    if (side === 'before') return before ? elapsedOfRange(before.range) : sql`NULL::numeric`;
    if (granularity === undefined) return elapsedOfRange(range);
    return granularity === 'minute' ? elapsedOfMinute(sql`g.bucket`, range) : sql`b.elapsed_ms`;
  };
  const columnOf = (side: Side) => (name: string) => {
    const found = combined.nameOf(side, name);
    if (found === undefined) throw new Error(`No source of the question has ${name}`);
    return sql.id('g', found);
  };
  const metrics = new Map(resolved.asked.map(({ name, metric }) => [name, metric]));
  const metricValue = (name: string, side: Side) => {
    const metric = metrics.get(name);
    if (!metric) throw new Error(`${name} was not asked for`);
    const value = compileFormula(metric, { column: columnOf(side), elapsedMs: elapsedMs(side) });
    return isMoney(metric.unit) ? sql`trim_scale(${value})` : value;
  };
  const cellOf = ({ kind, of }: RelationColumn): RawBuilder<unknown> => {
    switch (kind) {
      case 'bucket':
        return sql`g.bucket`;
      case 'dimension':
        return isClockDimension(of) ? sql.id('g', `d_${of}`) : sql`${sql.id('g', `d_${of}`)}::text`;
      case 'label':
        return columnOf('now')(labelColumn(of));
      case 'metric':
        return metricValue(of, 'now');
      case 'previous':
        return metricValue(of, 'before');
    }
  };
  const joined =
    needsBuckets && resolved.needsElapsed && granularity !== 'minute'
      ? sql`LEFT JOIN buckets b ON b.bucket = g.bucket`
      : sql``;
  const list = sql.join(columns.map((column) => sql`${cellOf(column)} AS ${sql.id(column.name)}`));
  const filled = question.fill ? fill(keys, combined) : sql`grouped`;
  return sql`WITH grouped AS (${combined.rows})${withBuckets}
    SELECT ${list} FROM ${filled} g ${joined}`;
}

/** Adds a row of nothing for each bucket in which a group has none; without dimensions there is one group. */
function fill(keys: readonly string[], { empty, merged }: ReturnType<typeof combine>): RawBuilder<unknown> {
  const dimensions = keys.filter((key) => key !== BUCKET).map((key) => sql.id('k', key));
  const missing =
    dimensions.length === 0
      ? sql`SELECT ${empty([sql`b.bucket`])} FROM buckets b`
      : sql`SELECT ${empty([sql`b.bucket`, ...dimensions])}
          FROM (SELECT DISTINCT ${sql.join(dimensions)} FROM grouped k) k CROSS JOIN buckets b`;
  const grouped = keys.map((key) => sql.id('u', key));
  return sql`(SELECT ${sql.join([...grouped, ...merged])} FROM (SELECT * FROM grouped UNION ALL ${missing}) u
    GROUP BY ${sql.join(grouped)})`;
}
