import { sql } from 'kysely';
import type { PurgeRef } from '../contracts/retention.ts';
import type { Entities } from '../db/orm.ts';
import { inTransaction } from '../db/transaction.ts';
import { isHeld } from './policy.ts';
import { addRemoved } from './purge-counts.ts';

/** Same as in the sweep: each report is a folder to remove. */
const BATCH_REPORTS = 200;

/**
 * Marks the oldest closed reports before the cut-off as deleted. The caller or the next sweep removes their files.
 * @returns their ids, or `held` if the organisation is under legal hold
 */
export async function purgeReportBatch(em: Entities, ref: PurgeRef, cutoff: string): Promise<string[] | 'held'> {
  return inTransaction(em, async (trx) => {
    if (await isHeld(trx, ref.orgId)) return 'held';
    const { rows } = await sql<{ id: string }>`
      UPDATE reports SET deleted_at = now() WHERE org_id = ${ref.orgId} AND id IN (
        SELECT id FROM reports WHERE org_id = ${ref.orgId} AND created_at < ${cutoff}::timestamptz AND deleted_at IS NULL
          AND status IN ('completed', 'failed', 'cancelled')
        ORDER BY created_at LIMIT ${BATCH_REPORTS})
      RETURNING id`.execute(trx);
    if (rows.length > 0) await addRemoved(trx, ref, 'reports', { rows: rows.length });
    return rows.map(({ id }) => id);
  });
}
