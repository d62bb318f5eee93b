import { sql } from 'kysely';
import { daysOfRange } from '../calendar/days-of-range.ts';
import type { Db } from '../db/orm.ts';
import type { ErrorStatus } from '../domain/error-status.ts';
import type { TimeRange } from '../domain/time-range.ts';
import { askIn, type MetricSubject } from '../metrics/ask.ts';
import type { Question } from '../metrics/question.ts';
import { countOf } from '../metrics/value.ts';

/** Error types are free text from clients; only this many of the most frequent are returned. */
const MAX_TYPES = 100;
const TOP_GROUPS = 10;

/** Occurrence counts, each grouped by one dimension. */
export interface ErrorCounts {
  total: number;
  /** In the preceding range of equal length. */
  previousTotal: number;
  byLevel: ReadonlyMap<string, number>;
  /** Most frequent first; null for errors without a type. */
  byType: { type: string | null; count: number }[];
  /** Every local day of the range. */
  byDay: { date: string; count: number }[];
}

const COUNT = 'errors.count';
const mostFirst = [{ by: COUNT, direction: 'desc' }] as const;

/** Counts the errors of a range and of the preceding range. @param db in a snapshot (`inSnapshot`) */
export async function countErrors(db: Db, subject: MetricSubject, range: TimeRange): Promise<ErrorCounts> {
  const ask = (question: Omit<Question, 'metrics'>) => askIn(db, subject, { metrics: [COUNT], ...question }, range);
  const [whole] = await ask({ compare_to_previous: true });
  const levels = await ask({ group_by: ['level'] });
  const types = await ask({ group_by: ['exception_type'], order: mostFirst, limit: MAX_TYPES });
  const days = await ask({ granularity: 'day' });
  const byMidnight = new Map(days.map(({ bucket, values }) => [bucket?.getTime(), countOf(values, COUNT)]));
  const dates = (await daysOfRange(db, range)).toReversed();
  return {
    total: countOf(whole?.values ?? {}, COUNT),
    previousTotal: countOf(whole?.previous ?? {}, COUNT),
    byLevel: new Map(levels.map(({ group, values }) => [group.level ?? '', countOf(values, COUNT)])),
    byType: types.map(({ group, values }) => ({ type: group.exception_type ?? null, count: countOf(values, COUNT) })),
    byDay: dates.map(({ date, midnight }) => ({ date, count: byMidnight.get(midnight.getTime()) ?? 0 })),
  };
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
  /** Groups with occurrences in the range, by status. */
  groups: Record<ErrorStatus, number>;
  /** Occurrences of open groups. */
  unresolved: number;
  /** Most frequent first. */
  top: TopErrorGroup[];
}

/** Counts the error groups of a range and reads the largest. @param db in a snapshot (`inSnapshot`) */
export async function readErrorGroupStats(db: Db, subject: MetricSubject, range: TimeRange): Promise<ErrorGroupStats> {
  const question = { metrics: [COUNT], group_by: ['error_group'], order: mostFirst };
  const found = await askIn(db, subject, question, range);
  const decided = await decidedGroups(db, subject.orgId);
  const placed = found.map(({ group, values }) => {
    const fingerprint = group.error_group ?? '';
    return { fingerprint, count: countOf(values, COUNT), status: decided.get(fingerprint) ?? 'open' };
  });
  const groups: Record<ErrorStatus, number> = { open: 0, resolved: 0, ignored: 0 };
  let unresolved = 0;
  for (const { status, count } of placed) {
    groups[status] += 1;
    if (status === 'open') unresolved += count;
  }
  const top = placed.slice(0, TOP_GROUPS);
  const latest = await latestOccurrences(
    db,
    subject.orgId,
    range,
    top.map(({ fingerprint }) => fingerprint),
  );
  return {
    groups,
    unresolved,
    top: top.flatMap((group) => {
      const occurrence = latest.get(group.fingerprint);
      return occurrence ? [{ ...group, ...occurrence }] : [];
    }),
  };
}

/** Reads the status of groups. A group without a row is open. */
async function decidedGroups(db: Db, orgId: string): Promise<ReadonlyMap<string, ErrorStatus>> {
  const { rows } = await sql<{ fingerprint: string; status: ErrorStatus }>`
    SELECT fingerprint, status FROM error_groups WHERE org_id = ${orgId} AND status <> 'open'`.execute(db);
  return new Map(rows.map(({ fingerprint, status }) => [fingerprint, status]));
}

/** Reads the last error of each group in a range, using the index on fingerprint and time. */
async function latestOccurrences(db: Db, orgId: string, range: TimeRange, fingerprints: readonly string[]) {
  const { rows } = await sql<{
    fingerprint: string;
    error_id: string;
    message: string;
    exception_type: string | null;
    occurred_at: string;
  }>`
    SELECT f.fingerprint, latest.* FROM json_array_elements_text(${JSON.stringify(fingerprints)}::json) AS f(fingerprint)
    CROSS JOIN LATERAL (
      SELECT e.error_id, e.message, e.exception_type, e.occurred_at FROM errors e
      WHERE e.org_id = ${orgId} AND e.fingerprint = f.fingerprint
        AND e.occurred_at >= ${range.startInclusive} AND e.occurred_at < ${range.endExclusive}
      ORDER BY e.occurred_at DESC, e.error_id DESC LIMIT 1
    ) latest`.execute(db);
  return new Map(
    rows.map((row) => [
      row.fingerprint,
      { errorId: row.error_id, message: row.message, exceptionType: row.exception_type, lastSeen: row.occurred_at },
    ]),
  );
}
