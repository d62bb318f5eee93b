import { sql } from 'kysely';
import type { PurgeRef } from '../contracts/retention.ts';
import type { Db } from '../db/orm.ts';
import { OPEN_STATUSES } from '../jobs/states.ts';
import { USER_ROW_REPORTS } from '../reports/kinds/index.ts';
import { addRemoved } from '../retention/purge-counts.ts';

const ERROR_CODE = 'USER_ERASED';

/**
 * Expires completed reports whose files may contain rows of the erased user: row or user reports whose range overlaps
 * the deleted rows. Fails reports that are running, because their snapshot may predate the deletion.
 * @returns the ids of the reports whose files must be removed
 */
export async function expireReports(
  trx: Db,
  ref: PurgeRef,
  span: { firstAt: string; lastAt: string },
): Promise<string[]> {
  const types = sql`report_type IN (SELECT json_array_elements_text(${JSON.stringify(USER_ROW_REPORTS)}::json))
    AND range_start <= ${span.lastAt}::timestamptz AND range_end > ${span.firstAt}::timestamptz`;
  const { rows: expired } = await sql<{ id: string }>`
    UPDATE reports SET expires_at = least(expires_at, now()), error_code = ${ERROR_CODE},
      error_message = 'The file may contain data of an erased user. Request the report again.'
    WHERE org_id = ${ref.orgId} AND status = 'completed' AND files_removed_at IS NULL AND ${types}
    RETURNING id`.execute(trx);
  const { rows: closed } = await sql<{ id: string }>`
    UPDATE reports SET status = 'failed', phase = 'done', completed_at = now(), error_code = ${ERROR_CODE},
      error_message = 'A user was erased while the report was running. Request the report again.'
    WHERE org_id = ${ref.orgId} AND status = 'running' AND cutoff IS NOT NULL AND ${types}
    RETURNING id`.execute(trx);
  const ids = [...expired, ...closed].map(({ id }) => id);
  if (ids.length > 0) await addRemoved(trx, ref, 'report_files', { rows: ids.length });
  return ids;
}

/** Lists reports that an erasure expired and whose files are not removed yet. */
export async function expiredReports(db: Db, orgId: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    SELECT id FROM reports WHERE org_id = ${orgId} AND error_code = ${ERROR_CODE} AND files_removed_at IS NULL`.execute(
    db,
  );
  return rows.map(({ id }) => id);
}

/**
 * Clears the files of rejected lines, and those of closed imports that are still rows: they cannot be attributed to users.
 * @returns the storage keys of the files
 */
export async function forgetRejectFiles(trx: Db, ref: PurgeRef): Promise<string[]> {
  const { rows } = await sql<{ key: string }>`
    WITH known AS (
      SELECT id, rejects_key FROM imports WHERE org_id = ${ref.orgId} AND rejects_key IS NOT NULL AND status = 'completed' FOR UPDATE
    )
    UPDATE imports i SET rejects_key = NULL FROM known k WHERE i.org_id = ${ref.orgId} AND i.id = k.id
    RETURNING k.rejects_key AS key`.execute(trx);
  if (rows.length > 0) await addRemoved(trx, ref, 'import_reject_files', { rows: rows.length });
  const { numAffectedRows = 0n } = await sql`
    DELETE FROM import_rejects r USING imports i WHERE r.org_id = ${ref.orgId} AND i.org_id = r.org_id AND i.id = r.import_id
      AND i.status NOT IN (${sql.join(OPEN_STATUSES)})`.execute(trx);
  if (numAffectedRows > 0n) await addRemoved(trx, ref, 'import_rejects', { rows: Number(numAffectedRows) });
  return rows.map(({ key }) => key);
}

/** Counts open imports, which may store data of the user again. */
export async function openImports(db: Db, orgId: string): Promise<number> {
  const { rows } = await sql<{ count: string }>`
    SELECT count(*) AS count FROM imports WHERE org_id = ${orgId} AND status IN ('pending', 'running')`.execute(db);
  return Number(rows[0]?.count ?? 0);
}
