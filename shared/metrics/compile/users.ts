import { type RawBuilder, sql } from 'kysely';
import { GRAINS, type Grain, type Interval } from '../../domain/buckets.ts';
import type { Fact } from '../../facts/definition.ts';
import type { Figures } from '../../rollups/aggregate.ts';
import { within } from '../../rollups/intervals.ts';
import { hasValue } from '../dimensions.ts';
import { usedDimensions } from '../query.ts';
import { factSelection, grainsWithin, groupNames, isLocal, localColumns, type Scope } from './figures.ts';
import type { Segments } from './segments.ts';

/** What user rows tell beside their groups. */
export type UserColumn = 'user_id' | 'name' | 'count' | 'amount';

const QUARTER_MS = GRAINS.quarter * 1000;
const DAY_MS = GRAINS.day * 1000;
const QUARTERS_OF_DAY = GRAINS.day / GRAINS.quarter;

/** The grains of user rows that a question may read. There is no row of an hour. */
export function usableUserGrains(scope: Scope, fact: Fact): Set<Grain> {
  const { groups, conditions } = usedDimensions(fact, scope);
  const used = [...groups, ...conditions.map(({ dimension }) => dimension)];
  if (used.some(({ name }) => userColumn(fact, name) === null)) return new Set();
  const grains = grainsWithin(scope);
  grains.delete('hour');
  return grains;
}

/** Whether user rows have all that is asked of a fact. Its rollup does not tell users apart, so only these may spare the facts. */
export function isOfUsers(scope: Scope, fact: Fact, { measures, sketches }: Figures): boolean {
  const users = scope.filters.user;
  if (!fact.rollup.users || users === undefined || users.includes(null) || sketches.length > 0) return false;
  return usableUserGrains(scope, fact).size > 0 && measures.every((name) => measureColumn(fact, name) !== null);
}

/** Measures of some users, like `compileFigures`: rows of the groups and the measures. */
export function compileUserFigures(
  scope: Scope,
  fact: Fact,
  measures: readonly string[],
  segments: Segments,
): RawBuilder<unknown> {
  const columns = measures.flatMap((name) => {
    const column = measureColumn(fact, name);
    return column ? [{ name, column }] : [];
  });
  const wanted = [...new Set(columns.map(({ column }) => column))];
  const names = groupNames(scope).map((name) => sql.ref(name));
  const sums = columns.map(({ name, column }) => sql`coalesce(sum(${sql.ref(column)}), 0) AS ${sql.ref(name)}`);
  const grouped = names.length > 0 ? sql`GROUP BY ${sql.join(names)}` : sql`HAVING count(*) > 0`;
  return sql`SELECT ${sql.join([...names, ...sums])} FROM (${union(compileUserRows(scope, fact, segments, wanted))}) u ${grouped}`;
}

/** Different users over one or several facts: rows of the groups and `users`. */
export function compileDistinctUsers(
  scope: Scope,
  parts: readonly { fact: Fact; segments: Segments }[],
): RawBuilder<unknown> {
  const rows = parts.flatMap(({ fact, segments }) => compileUserRows(scope, fact, segments, ['user_id']));
  const names = groupNames(scope).map((name) => sql.ref(name));
  const columns = sql.join([...names, sql.ref('user_id')]);
  const grouped = names.length > 0 ? sql`GROUP BY ${sql.join(names)}` : sql``;
  // DISTINCT first: counting distinct values within groups would sort them.
  return sql`SELECT ${sql.join([...names, sql`count(*) AS users`])} FROM (
    SELECT DISTINCT ${columns} FROM (${union(rows)}) u) d ${grouped}`;
}

/**
 * Statements that together give what users did, each part of the range once: rows of the groups and the columns asked
 * for, several of them for a user. `count` and `amount` are to be added up.
 * @param only a condition on `t`, in facts and user rows alike
 */
export function compileUserRows(
  scope: Scope,
  fact: Fact,
  segments: Segments,
  wanted: readonly UserColumn[],
  only: RawBuilder<unknown> = sql`true`,
): RawBuilder<unknown>[] {
  const parts: RawBuilder<unknown>[] = [];
  const days = segments.rollups.get('day');
  const quarters = segments.rollups.get('quarter');
  const midnight = sql`(t.day::timestamp AT TIME ZONE 'UTC')`;
  const ofDay = { count: sql`t.count`, amount: sql`t.amount` };
  if (days) {
    parts.push(
      userRows(scope, fact, wanted, midnight, ofDay, sql`FROM user_rollup t WHERE ${onDays(days)} AND ${only}`),
    );
  }
  if (quarters && !isLocal(scope) && wanted.every((column) => column === 'user_id' || column === 'name')) {
    // Only whether a user was there: no need to take the rows apart.
    parts.push(
      userRows(scope, fact, wanted, midnight, ofDay, sql`FROM user_rollup t WHERE ${inQuarters(quarters)} AND ${only}`),
    );
  } else if (quarters) {
    const at = sql`(${midnight} + q.quarter * interval '15 minutes')`;
    const ofQuarter = { count: sql`q.count`, amount: sql`q.amount` };
    const from = sql`FROM user_rollup t
      CROSS JOIN LATERAL unnest(t.quarters, t.counts, t.amounts) AS q(quarter, count, amount)
      WHERE ${onDays(wholeDays(quarters))} AND ${within(at, quarters)} AND ${only}`;
    parts.push(userRows(scope, fact, wanted, at, ofQuarter, from));
  }
  if (segments.facts.length > 0 || parts.length === 0) {
    const known = sql`t.user_id IS NOT NULL AND ${only}`;
    const { groups, where, needsExecution } = factSelection(scope, fact, segments.facts, known);
    if (needsExecution) throw new Error(`${fact.kind} names its users itself`);
    const { users } = fact.rollup;
    const values: Record<UserColumn, RawBuilder<unknown>> = {
      user_id: sql`t.user_id`,
      name: users?.name ?? sql`NULL::text`,
      count: sql`1::bigint`,
      amount: users?.amount ?? sql`NULL::numeric`,
    };
    parts.push(sql`SELECT ${columnList(groups, wanted, values)} FROM ${sql.table(fact.kind)} t WHERE ${where}`);
  }
  return parts;
}

/** @param from the rest of the statement from FROM on, which ends with conditions */
function userRows(
  scope: Scope,
  fact: Fact,
  wanted: readonly UserColumn[],
  at: RawBuilder<unknown>,
  { count, amount }: Record<'count' | 'amount', RawBuilder<unknown>>,
  from: RawBuilder<unknown>,
): RawBuilder<unknown> {
  const { groups, conditions } = usedDimensions(fact, scope);
  const columns = [
    ...localColumns(scope, at),
    ...groups.map(({ name }) => ({ name: `d_${name}`, value: userColumn(fact, name) ?? sql`NULL` })),
  ];
  const values: Record<UserColumn, RawBuilder<unknown>> = {
    user_id: sql`t.user_id`,
    name: sql`t.name`,
    count,
    amount,
  };
  const where = [
    sql`t.org_id = ${scope.orgId} AND t.kind = ${fact.kind}`,
    ...conditions.flatMap(({ dimension, values: wantedValues }) => {
      const column = userColumn(fact, dimension.name);
      return column ? [hasValue(dimension, column, wantedValues)] : [];
    }),
  ];
  return sql`SELECT ${columnList(columns, wanted, values)} ${from} AND ${sql.join(where, sql` AND `)}`;
}

function columnList(
  groups: readonly { name: string; value: RawBuilder<unknown> }[],
  wanted: readonly UserColumn[],
  values: Readonly<Record<UserColumn, RawBuilder<unknown>>>,
): RawBuilder<unknown> {
  return sql.join([
    ...groups.map(({ name, value }) => sql`${value} AS ${sql.ref(name)}`),
    ...wanted.map((name) => sql`${values[name]} AS ${sql.ref(name)}`),
  ]);
}

/** Where a user row keeps a dimension; null where it does not. */
function userColumn(fact: Fact, dimension: string): RawBuilder<unknown> | null {
  const { users } = fact.rollup;
  if (dimension === 'user') return sql.ref('t.user_id');
  if (dimension === 'feature' && users?.feature) return sql.ref('t.feature');
  if (dimension === 'event_name' && users?.name) return sql.ref('t.name');
  return null;
}

/** Which column of user rows adds up to a measure of the fact; null where none does. */
function measureColumn(fact: Fact, measure: string): 'count' | 'amount' | null {
  if (measure === 'count') return 'count';
  return fact.rollup.users?.amountMeasure === measure ? 'amount' : null;
}

function onDays(intervals: readonly Interval[]): RawBuilder<unknown> {
  return sql`(${sql.join(
    intervals.map(
      ({ startInclusiveMs, endExclusiveMs }) =>
        sql`(t.day >= ${dateOf(startInclusiveMs)}::date AND t.day < ${dateOf(endExclusiveMs)}::date)`,
    ),
    sql` OR `,
  )})`;
}

/** Rows with any of some quarters: a condition for each UTC day that they lie on. */
function inQuarters(intervals: readonly Interval[]): RawBuilder<unknown> {
  const conditions: RawBuilder<unknown>[] = [];
  for (const { startInclusiveMs, endExclusiveMs } of intervals) {
    for (let day = Math.floor(startInclusiveMs / DAY_MS) * DAY_MS; day < endExclusiveMs; day += DAY_MS) {
      const first = Math.max(0, (startInclusiveMs - day) / QUARTER_MS);
      const last = Math.min(QUARTERS_OF_DAY, (endExclusiveMs - day) / QUARTER_MS);
      const quarters = Array.from({ length: last - first }, (_, n) => first + n);
      conditions.push(sql`(t.day = ${dateOf(day)}::date AND t.quarters && ${`{${quarters.join()}}`}::smallint[])`);
    }
  }
  return sql`(${sql.join(conditions, sql` OR `)})`;
}

/** The UTC days that intervals touch. */
function wholeDays(intervals: readonly Interval[]): Interval[] {
  return intervals.map(({ startInclusiveMs, endExclusiveMs }) => ({
    startInclusiveMs: Math.floor(startInclusiveMs / DAY_MS) * DAY_MS,
    endExclusiveMs: Math.ceil(endExclusiveMs / DAY_MS) * DAY_MS,
  }));
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function union(parts: readonly RawBuilder<unknown>[]): RawBuilder<unknown> {
  return sql.join(parts, sql` UNION ALL `);
}
