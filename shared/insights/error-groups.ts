import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../db/orm.ts';
import type { ErrorStatus } from '../domain/error-status.ts';
import type { TimeRange } from '../domain/time-range.ts';
import { takeCutoff } from '../telemetry/cutoff.ts';

/** All errors with one fingerprint. Times are PostgreSQL text. */
export interface ErrorGroup {
  fingerprint: string;
  status: ErrorStatus;
  status_changed_by: string | null;
  status_changed_at: string | null;
  resolved_by: string | null;
  resolved_at: string | null;
  resolution_note: string | null;
  reopened_at: string | null;
  reopen_count: number;
  occurrences: number;
  occurrences_in_range: number;
  first_seen: string | null;
  last_seen: string | null;
}

/** Reads groups by fingerprint and counts their occurrences. `range` bounds only the count within the range. */
export async function readErrorGroups(
  db: Db,
  orgId: string,
  fingerprints: readonly string[],
  range?: TimeRange,
): Promise<Map<string, ErrorGroup>> {
  const inRange = range
    ? sql`e.occurred_at >= ${range.startInclusive} AND e.occurred_at < ${range.endExclusive}`
    : sql`true`;
  const wanted = JSON.stringify([...new Set(fingerprints)]);
  const { rows } = await sql<Omit<ErrorGroup, 'occurrences'> & { occurrences: string; occurrences_in_range: string }>`
    SELECT f.fingerprint, coalesce(g.status, 'open') AS status, g.status_changed_by, g.status_changed_at,
           g.resolved_by, g.resolved_at, g.resolution_note, g.reopened_at, coalesce(g.reopen_count, 0) AS reopen_count,
           seen.occurrences, seen.occurrences_in_range, seen.first_seen, seen.last_seen
    FROM json_array_elements_text(${wanted}::json) AS f(fingerprint)
    LEFT JOIN error_groups g ON g.org_id = ${orgId} AND g.fingerprint = f.fingerprint
    CROSS JOIN LATERAL (
      SELECT count(*) AS occurrences, count(*) FILTER (WHERE ${inRange}) AS occurrences_in_range,
             min(e.occurred_at) AS first_seen, max(e.occurred_at) AS last_seen
      FROM errors e WHERE e.org_id = ${orgId} AND e.fingerprint = f.fingerprint
    ) seen`.execute(db);
  return new Map(
    rows.map((row) => [
      row.fingerprint,
      { ...row, occurrences: Number(row.occurrences), occurrences_in_range: Number(row.occurrences_in_range) },
    ]),
  );
}

/** SQL condition on errors `t`: their group has this status. Groups without a row are open. */
export function groupHasStatus(status: ErrorStatus): RawBuilder<unknown> {
  const group = sql`SELECT FROM error_groups g WHERE g.org_id = t.org_id AND g.fingerprint = t.fingerprint`;
  return status === 'open'
    ? sql`NOT EXISTS (${group} AND g.status <> 'open')`
    : sql`EXISTS (${group} AND g.status = ${status})`;
}

export interface ErrorGroupChange {
  orgId: string;
  fingerprint: string;
  status: ErrorStatus;
  /** Undefined keeps the note if the status does not change. */
  resolutionNote: string | undefined;
  changedBy: string;
}

/**
 * Opens, resolves or ignores a group. An unchanged status keeps its author and time, so a repeated call changes nothing.
 * Call it in a short transaction: it blocks the organisation's ingestion until commit.
 */
export async function changeErrorGroup(trx: Db, change: ErrorGroupChange): Promise<void> {
  // Batches in flight commit first and later ones see the change, so no occurrence is missed.
  await takeCutoff(trx, change.orgId);
  // This process's clock, as for occurrences without a time of their own: the two are compared.
  const now = new Date();
  const isResolved = change.status === 'resolved';
  await trx
    .insertInto('error_groups')
    .values({
      org_id: change.orgId,
      fingerprint: change.fingerprint,
      status: change.status,
      status_changed_by: change.changedBy,
      status_changed_at: now,
      resolved_by: isResolved ? change.changedBy : null,
      resolved_at: isResolved ? now : null,
      resolution_note: change.resolutionNote ?? null,
    })
    .onConflict((conflict) =>
      conflict.columns(['org_id', 'fingerprint']).doUpdateSet(() => {
        const keptUnlessChanged = (column: string) =>
          sql<never>`CASE WHEN error_groups.status = excluded.status
            THEN ${sql.ref(`error_groups.${column}`)} ELSE ${sql.ref(`excluded.${column}`)} END`;
        return {
          status: sql`excluded.status`,
          status_changed_by: keptUnlessChanged('status_changed_by'),
          status_changed_at: keptUnlessChanged('status_changed_at'),
          resolved_by: keptUnlessChanged('resolved_by'),
          resolved_at: keptUnlessChanged('resolved_at'),
          resolution_note: sql`coalesce(excluded.resolution_note, ${keptUnlessChanged('resolution_note')})`,
        };
      }),
    )
    .execute();
}
