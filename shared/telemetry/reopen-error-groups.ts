import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';
import type { Row } from '../facts/fields.ts';

/**
 * Reopens resolved groups with newly stored errors that occurred after the resolution. Ignored groups stay ignored.
 * Call it in the transaction that stores the errors, under the ingestion lock.
 */
export async function reopenErrorGroups(
  trx: Db,
  orgId: string,
  occurrences: readonly { at: Date; row: Row }[],
  stamp: string,
): Promise<void> {
  if (occurrences.length === 0) return;
  const seen = JSON.stringify(occurrences.map(({ at, row }) => ({ fingerprint: row.fingerprint, at })));
  // Locked in fingerprint order, which rules out deadlocks between batches.
  await sql`
    WITH back AS MATERIALIZED (
      SELECT g.fingerprint FROM error_groups g
      JOIN (
        SELECT r.fingerprint, max(r.at) AS at
        FROM json_to_recordset(${seen}::json) AS r(fingerprint text, at timestamptz(3)) GROUP BY r.fingerprint
      ) seen ON seen.fingerprint = g.fingerprint
      WHERE g.org_id = ${orgId} AND g.status = 'resolved' AND g.resolved_at < seen.at
      ORDER BY g.fingerprint
      FOR UPDATE OF g
    )
    UPDATE error_groups g
    SET status = 'open', status_changed_by = NULL, status_changed_at = ${stamp}::timestamptz,
        resolved_by = NULL, resolved_at = NULL, resolution_note = NULL,
        reopened_at = ${stamp}::timestamptz, reopen_count = g.reopen_count + 1
    FROM back WHERE g.org_id = ${orgId} AND g.fingerprint = back.fingerprint`.execute(trx);
}
