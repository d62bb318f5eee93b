import { type RawBuilder, sql } from 'kysely';
import type { ErrorStatus } from '../../domain/error-status.ts';
import type { TimeRange } from '../../domain/time-range.ts';
import type { Db } from '../orm.ts';

/** Types are in clients' own words: this many are told, the most frequent. */
const MAX_TYPES = 100;
const TOP_GROUPS = 10;

export interface ErrorScope {
  orgId: string;
  range: TimeRange;
}

/** Counts of occurrences, each an aggregate by one dimension. */
export interface ErrorCounts {
  total: number;
  /** In the range of the same length before. */
  previousTotal: number;
  byLevel: ReadonlyMap<string, number>;
  /** The most frequent first; null for errors that told no type. */
  byType: { type: string | null; count: number }[];
  /** Every local day of the range. */
  byDay: { date: string; count: number }[];
}

/** Counts a range's errors in one pass, and those of the range before. */
export async function countErrors(db: Db, scope: ErrorScope): Promise<ErrorCounts> {
  const { timeZone } = scope.range;
  const counted = await sql<{ by: string; value: string | null; count: string }>`
    SELECT by, value, count FROM (
      SELECT CASE grouping(level, type, day) WHEN 7 THEN 'total' WHEN 3 THEN 'level' WHEN 5 THEN 'type' ELSE 'day' END AS by,
             coalesce(level, type, day::text) AS value, sum(count) AS count,
             row_number() OVER (PARTITION BY grouping(level, type, day) ORDER BY sum(count) DESC, type) AS place
      FROM (
        SELECT e.level, e.exception_type AS type, (e.occurred_at AT TIME ZONE ${timeZone})::date AS day, count(*) AS count
        FROM errors e WHERE ${inScope(scope)} GROUP BY 1, 2, 3
      ) e
      GROUP BY GROUPING SETS ((), (level), (type), (day))
    ) counted
    WHERE by <> 'type' OR place <= ${MAX_TYPES}
    ORDER BY place`.execute(db);
  const of = (by: string) =>
    counted.rows.filter((row) => row.by === by).map(({ value, count }) => ({ value, count: Number(count) }));
  const byDay = new Map(of('day').map(({ value, count }) => [value, count]));
  return {
    total: of('total')[0]?.count ?? 0,
    previousTotal: await countAll(db, { ...scope, range: rangeBefore(scope.range) }),
    byLevel: new Map(of('level').map(({ value, count }) => [value ?? '', count])),
    byType: of('type').map(({ value, count }) => ({ type: value, count })),
    byDay: (await localDays(db, scope.range)).map((date) => ({ date, count: byDay.get(date) ?? 0 })),
  };
}

async function countAll(db: Db, scope: ErrorScope): Promise<number> {
  const { rows } = await sql<{ count: string }>`
    SELECT count(*) AS count FROM errors e WHERE ${inScope(scope)}`.execute(db);
  return Number(rows[0]?.count ?? 0);
}

function rangeBefore({ startInclusive, endExclusive, timeZone }: TimeRange): TimeRange {
  const lengthMs = endExclusive.getTime() - startInclusive.getTime();
  return { startInclusive: new Date(startInclusive.getTime() - lengthMs), endExclusive: startInclusive, timeZone };
}

/** The local days that a range touches, `2026-11-21`. */
async function localDays(db: Db, { startInclusive, endExclusive, timeZone }: TimeRange): Promise<string[]> {
  const { rows } = await sql<{ day: string }>`
    SELECT (day::date)::text AS day FROM generate_series(
      (${startInclusive}::timestamptz AT TIME ZONE ${timeZone})::date,
      ((${endExclusive}::timestamptz - interval '1 millisecond') AT TIME ZONE ${timeZone})::date,
      interval '1 day') AS day
    ORDER BY day`.execute(db);
  return rows.map(({ day }) => day);
}

export interface TopErrorGroup {
  fingerprint: string;
  status: ErrorStatus;
  /** In the range. */
  count: number;
  /** The latest occurrence in the range. */
  errorId: string;
  message: string;
  exceptionType: string | null;
  lastSeen: string;
}

export interface ErrorGroupStats {
  /** Groups with occurrences in the range, by what was decided about them. */
  groups: Record<ErrorStatus, number>;
  /** Occurrences of open groups. */
  unresolved: number;
  /** The most frequent first. */
  top: TopErrorGroup[];
}

/** How many groups a range's errors form, and which are the largest. */
export async function readErrorGroupStats(db: Db, scope: ErrorScope): Promise<ErrorGroupStats> {
  const { rows } = await sql<{
    fingerprint: string;
    status: ErrorStatus;
    count: string;
    error_id: string;
    message: string;
    exception_type: string | null;
    occurred_at: string;
    open: string;
    resolved: string;
    ignored: string;
    unresolved: string | null;
  }>`
    WITH grouped AS (
      SELECT e.fingerprint, count(*) AS count, max(e.occurred_at) AS last_at
      FROM errors e WHERE ${inScope(scope)} GROUP BY e.fingerprint
    ), placed AS (
      SELECT grouped.*, coalesce(g.status, 'open') AS status FROM grouped
      LEFT JOIN error_groups g ON g.org_id = ${scope.orgId} AND g.fingerprint = grouped.fingerprint
    ), top AS (
      SELECT placed.*,
             count(*) FILTER (WHERE status = 'open') OVER () AS open,
             count(*) FILTER (WHERE status = 'resolved') OVER () AS resolved,
             count(*) FILTER (WHERE status = 'ignored') OVER () AS ignored,
             sum(count) FILTER (WHERE status = 'open') OVER () AS unresolved
      FROM placed ORDER BY count DESC, last_at DESC, fingerprint LIMIT ${TOP_GROUPS}
    )
    SELECT top.*, latest.error_id, latest.message, latest.exception_type, latest.occurred_at FROM top
    CROSS JOIN LATERAL (
      SELECT e.error_id, e.message, e.exception_type, e.occurred_at FROM errors e
      WHERE ${inScope(scope)} AND e.fingerprint = top.fingerprint
      ORDER BY e.occurred_at DESC, e.error_id DESC LIMIT 1
    ) latest
    ORDER BY top.count DESC, top.last_at DESC, top.fingerprint`.execute(db);
  const first = rows[0];
  return {
    groups: {
      open: Number(first?.open ?? 0),
      resolved: Number(first?.resolved ?? 0),
      ignored: Number(first?.ignored ?? 0),
    },
    unresolved: Number(first?.unresolved ?? 0),
    top: rows.map((row) => ({
      fingerprint: row.fingerprint,
      status: row.status,
      count: Number(row.count),
      errorId: row.error_id,
      message: row.message,
      exceptionType: row.exception_type,
      lastSeen: row.occurred_at,
    })),
  };
}

/** Errors `e` of the organisation in the range. */
function inScope({ orgId, range }: ErrorScope): RawBuilder<unknown> {
  return sql`e.org_id = ${orgId} AND e.occurred_at >= ${range.startInclusive} AND e.occurred_at < ${range.endExclusive}`;
}
