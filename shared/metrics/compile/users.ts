import { type RawBuilder, sql } from 'kysely';
import { GRAINS, type Grain, type Interval } from '../../domain/buckets.ts';
import type { Fact } from '../../facts/index.ts';
import type { MeasureSet } from '../../rollups/aggregate.ts';
import { within } from '../../rollups/intervals.ts';
import { refusesNull, satisfies, usedDimensions } from '../dimensions.ts';
import { factSelection, grainsWithin, groupNames, isLocal, localColumns, type Scope } from './measures.ts';
import type { Spans } from './spans.ts';

/** What user rows tell beside their groups. */
type UserColumn = 'user_id' | 'name' | 'count' | 'amount';

const QUARTER_HOUR_MS = GRAINS.quarter_hour * 1000;
const DAY_MS = GRAINS.day * 1000;
const QUARTER_HOURS_OF_DAY = GRAINS.day / GRAINS.quarter_hour;

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
export function isOfUsers(scope: Scope, fact: Fact, { measures, sketches }: MeasureSet): boolean {
  const isOfKnown = scope.filters.some((filter) => filter.dimension === 'user' && refusesNull(filter));
  if (!fact.rollup.users || !isOfKnown || sketches.length > 0) return false;
  return usableUserGrains(scope, fact).size > 0 && measures.every((name) => measureColumn(fact, name) !== null);
}

/** Measures of some users, like `compileMeasures`: rows of the groups and the measures. */
export function compileUserMeasures(
  scope: Scope,
  fact: Fact,
  measures: readonly string[],
  spans: Spans,
): RawBuilder<unknown> {
  const columns = measures.flatMap((name) => {
    const column = measureColumn(fact, name);
    return column ? [{ name, column }] : [];
  });
  const wanted = [...new Set(columns.map(({ column }) => column))];
  const names = groupNames(scope).map((name) => sql.ref(name));
  const sums = columns.map(({ name, column }) => sql`coalesce(sum(${sql.ref(column)}), 0) AS ${sql.ref(name)}`);
  const grouped = names.length > 0 ? sql`GROUP BY ${sql.join(names)}` : sql`HAVING count(*) > 0`;
  return sql`SELECT ${sql.join([...names, ...sums])} FROM (${union(compileUserRows(scope, fact, spans, wanted))}) u ${grouped}`;
}

/** Different users over one or several facts: rows of the groups and `users`. */
export function compileDistinctUsers(
  scope: Scope,
  parts: readonly { fact: Fact; spans: Spans }[],
): RawBuilder<unknown> {
  const rows = parts.flatMap(({ fact, spans }) => compileUserRows(scope, fact, spans, ['user_id']));
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
 */
function compileUserRows(scope: Scope, fact: Fact, spans: Spans, wanted: readonly UserColumn[]): RawBuilder<unknown>[] {
  const parts: RawBuilder<unknown>[] = [];
  const days = spans.rollups.get('day');
  const quarterHours = spans.rollups.get('quarter_hour');
  const midnight = sql`(t.day::timestamp AT TIME ZONE 'UTC')`;
  const ofDay = { count: sql`t.count`, amount: sql`t.amount` };
  if (days) {
    parts.push(userRows(scope, fact, wanted, midnight, ofDay, sql`FROM user_rollup t WHERE ${onDays(days)}`));
  }
  if (quarterHours && !isLocal(scope) && wanted.every((column) => column === 'user_id' || column === 'name')) {
    // Only whether a user was there: no need to take the rows apart.
    parts.push(
      userRows(scope, fact, wanted, midnight, ofDay, sql`FROM user_rollup t WHERE ${inQuarterHours(quarterHours)}`),
    );
  } else if (quarterHours) {
    const at = sql`(${midnight} + q.quarter_hour * interval '15 minutes')`;
    const ofQuarterHour = { count: sql`q.count`, amount: sql`q.amount` };
    const from = sql`FROM user_rollup t
      CROSS JOIN LATERAL unnest(t.quarter_hours, t.counts, t.amounts) AS q(quarter_hour, count, amount)
      WHERE ${onDays(wholeDays(quarterHours))} AND ${within(at, quarterHours)}`;
    parts.push(userRows(scope, fact, wanted, at, ofQuarterHour, from));
  }
  if (spans.facts.length > 0 || parts.length === 0) {
    const known = sql`t.user_id IS NOT NULL`;
    const { groups, where, needsExecution } = factSelection(scope, fact, spans.facts, known);
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
    ...conditions.flatMap(({ dimension, filter }) => {
      const column = userColumn(fact, dimension.name);
      return column ? [satisfies(dimension, column, filter)] : [];
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

/** Rows with any of some quarter hours: a condition for each UTC day that they lie on. */
function inQuarterHours(intervals: readonly Interval[]): RawBuilder<unknown> {
  const conditions: RawBuilder<unknown>[] = [];
  for (const { startInclusiveMs, endExclusiveMs } of intervals) {
    for (let day = Math.floor(startInclusiveMs / DAY_MS) * DAY_MS; day < endExclusiveMs; day += DAY_MS) {
      const first = Math.max(0, (startInclusiveMs - day) / QUARTER_HOUR_MS);
      const last = Math.min(QUARTER_HOURS_OF_DAY, (endExclusiveMs - day) / QUARTER_HOUR_MS);
      const quarterHours = Array.from({ length: last - first }, (_, n) => first + n);
      conditions.push(
        sql`(t.day = ${dateOf(day)}::date AND t.quarter_hours && ${`{${quarterHours.join()}}`}::smallint[])`,
      );
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
