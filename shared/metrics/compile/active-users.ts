import { type RawBuilder, sql } from 'kysely';
import { GRAINS, type Interval } from '../../domain/buckets.ts';
import { type Fact, type FactKind, facts } from '../../facts/index.ts';
import { within } from '../../rollups/intervals.ts';
import type { StaleBuckets } from '../../rollups/rollup-state.ts';
import { spansOf } from './spans.ts';

/** All facts that can tell of users: `user_days` holds them together. */
export const USER_FACTS: readonly Fact[] = Object.values(facts).filter(({ rollup }) => rollup.users !== undefined);

const DAY_MS = GRAINS.day * 1000;

/** From `fromMs` up to, not with, `toMs`, both milliseconds of the UTC day; quarter hours. */
interface PartOfDay {
  day: string;
  fromMs: number;
  toMs: number;
}

/** A range of users' activity in parts: clean UTC days, clean parts of days, and what the facts alone tell. */
export interface ActivityParts {
  orgId: string;
  days: readonly Interval[];
  partsOfDays: readonly PartOfDay[];
  facts: readonly Interval[];
}

export function activityParts(orgId: string, range: Interval, stale: (kind: FactKind) => StaleBuckets): ActivityParts {
  const states = USER_FACTS.map(({ kind }) => stale(kind));
  const quarterHours = [...new Set(states.flatMap((state) => state.quarterHours))].sort((a, b) => a - b);
  const rollupsFromMs = states[0]?.rollupsFromMs ?? null;
  const spans = spansOf(range, { quarterHours, rollupsFromMs }, new Set(['day', 'quarter_hour']));
  const partsOfDays = (spans.rollups.get('quarter_hour') ?? []).flatMap(({ startInclusiveMs, endExclusiveMs }) => {
    const parts: PartOfDay[] = [];
    for (let day = Math.floor(startInclusiveMs / DAY_MS) * DAY_MS; day < endExclusiveMs; day += DAY_MS) {
      const fromMs = Math.max(0, startInclusiveMs - day);
      parts.push({ day: dateOf(day), fromMs, toMs: Math.min(DAY_MS, endExclusiveMs - day) });
    }
    return parts;
  });
  return { orgId, days: spans.rollups.get('day') ?? [], partsOfDays, facts: spans.facts };
}

/** A statement of who was active: rows of `user_id`, several for a user. */
export function compileWhoWasActive(parts: ActivityParts): RawBuilder<unknown> {
  const { orgId, partsOfDays } = parts;
  const conditions = [
    ...(parts.days.length > 0 ? [onDays(parts.days)] : []),
    // Who was first seen before the end, or last seen after the beginning, of a part that reaches an end of its day.
    ...partsOfDays.flatMap(({ day, fromMs, toMs }) => {
      if (fromMs === 0) return [sql`(t.day = ${day}::date AND t.first_ms < ${toMs})`];
      return toMs === DAY_MS ? [sql`(t.day = ${day}::date AND t.last_ms >= ${fromMs})`] : [];
    }),
  ];
  const inside = partsOfDays.filter(({ fromMs, toMs }) => fromMs > 0 && toMs < DAY_MS);
  return union([
    ...(conditions.length > 0
      ? [sql`SELECT t.user_id FROM user_days t WHERE t.org_id = ${orgId} AND ${any(conditions)}`]
      : []),
    ...(inside.length > 0
      ? [
          sql`SELECT t.user_id FROM user_rollup t WHERE t.org_id = ${orgId} AND t.kind IN (${userKinds()}) AND ${any(
            inside.map(
              ({ day, fromMs, toMs }) =>
                sql`(t.day = ${day}::date AND t.quarter_hours && ${quarterHoursOf(fromMs, toMs)}::smallint[])`,
            ),
          )}`,
        ]
      : []),
    ...factRows(parts, () => sql`t.user_id`),
  ]);
}

/**
 * Bounds of how much each user did: rows of `user_id`, `sure` and `perhaps`, to be added up, and `last_at` of facts that are
 * read singly. How much of a day's count lies in a part of the day is not known: that is `perhaps`.
 */
export function compileActivityBounds(parts: ActivityParts): RawBuilder<unknown> {
  const { orgId, days, partsOfDays } = parts;
  const overlaps = partsOfDays.map(
    ({ day, fromMs, toMs }) => sql`(t.day = ${day}::date AND t.first_ms < ${toMs} AND t.last_ms >= ${fromMs})`,
  );
  const none = sql`NULL::timestamptz AS last_at`;
  return union([
    ...(days.length > 0
      ? [
          sql`SELECT t.user_id, t.count AS sure, 0 AS perhaps, ${none} FROM user_days t
            WHERE t.org_id = ${orgId} AND ${onDays(days)}`,
        ]
      : []),
    ...(overlaps.length > 0
      ? [
          sql`SELECT t.user_id, 0 AS sure, t.count AS perhaps, ${none} FROM user_days t
            WHERE t.org_id = ${orgId} AND ${any(overlaps)}`,
        ]
      : []),
    ...factRows(parts, (at) => sql`t.user_id, 1 AS sure, 0 AS perhaps, ${at} AS last_at`),
  ]);
}

/** What one user did in the parts of days: rows of `count`. @param userId whose, in a row beside */
export function compilePartsOfDays(parts: ActivityParts, userId: RawBuilder<unknown>): RawBuilder<unknown> {
  const { partsOfDays } = parts;
  if (partsOfDays.length === 0) return sql`SELECT 0 AS count WHERE false`;
  return sql`SELECT q.count FROM user_rollup t CROSS JOIN LATERAL unnest(t.counts, t.last_ms) AS q(count, last_ms)
    WHERE ${isOf(parts, userId)} AND ${onDates(partsOfDays)} AND ${inParts(partsOfDays)}`;
}

/** When one user was last seen in whole and parts of days: rows of `last_at`. @param userId whose, in a row beside */
export function compileLastSeen(parts: ActivityParts, userId: RawBuilder<unknown>): RawBuilder<unknown> {
  const { days, partsOfDays } = parts;
  const conditions = [
    ...(days.length > 0 ? [onDays(days)] : []),
    ...(partsOfDays.length > 0 ? [sql`(${onDates(partsOfDays)} AND ${inParts(partsOfDays)})`] : []),
  ];
  if (conditions.length === 0) return sql`SELECT NULL::timestamptz AS last_at WHERE false`;
  return sql`SELECT (t.day::timestamp AT TIME ZONE 'UTC') + q.last_ms * interval '1 millisecond' AS last_at
    FROM user_rollup t CROSS JOIN LATERAL unnest(t.last_ms) AS q(last_ms)
    WHERE ${isOf(parts, userId)} AND ${any(conditions)}`;
}

function isOf({ orgId }: ActivityParts, userId: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`t.org_id = ${orgId} AND t.user_id = ${userId} AND t.kind IN (${userKinds()})`;
}

function onDates(parts: readonly PartOfDay[]): RawBuilder<unknown> {
  const dates = [...new Set(parts.map(({ day }) => day))];
  return sql`t.day IN (${sql.join(dates.map((day) => sql`${day}::date`))})`;
}

/** Of a quarter hour's last moment `q.last_ms`: whether the quarter hour lies in one of the parts. */
function inParts(parts: readonly PartOfDay[]): RawBuilder<unknown> {
  return any(
    parts.map(
      ({ day, fromMs, toMs }) => sql`(t.day = ${day}::date AND q.last_ms >= ${fromMs} AND q.last_ms < ${toMs})`,
    ),
  );
}

function factRows(
  { orgId, facts: intervals, days, partsOfDays }: ActivityParts,
  columns: (at: RawBuilder<unknown>) => RawBuilder<unknown>,
): RawBuilder<unknown>[] {
  // Also where nothing is left to read: a statement needs one part at least.
  if (intervals.length === 0 && days.length + partsOfDays.length > 0) return [];
  return USER_FACTS.map((fact) => {
    const at = sql.ref(`t.${fact.timeColumn}`);
    return sql`SELECT ${columns(at)} FROM ${sql.table(fact.kind)} t
      WHERE t.org_id = ${orgId} AND t.user_id IS NOT NULL AND ${within(at, intervals)}`;
  });
}

function onDays(intervals: readonly Interval[]): RawBuilder<unknown> {
  return any(
    intervals.map(
      ({ startInclusiveMs, endExclusiveMs }) =>
        sql`(t.day >= ${dateOf(startInclusiveMs)}::date AND t.day < ${dateOf(endExclusiveMs)}::date)`,
    ),
  );
}

/** As an array of PostgreSQL. */
function quarterHoursOf(fromMs: number, toMs: number): string {
  const lengthMs = GRAINS.quarter_hour * 1000;
  return `{${Array.from({ length: (toMs - fromMs) / lengthMs }, (_, n) => fromMs / lengthMs + n).join()}}`;
}

function userKinds(): RawBuilder<unknown> {
  return sql.join(USER_FACTS.map(({ kind }) => sql.lit(kind)));
}

function any(conditions: readonly RawBuilder<unknown>[]): RawBuilder<unknown> {
  return sql`(${sql.join(conditions, sql` OR `)})`;
}

function union(parts: readonly RawBuilder<unknown>[]): RawBuilder<unknown> {
  return sql.join(parts, sql` UNION ALL `);
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
