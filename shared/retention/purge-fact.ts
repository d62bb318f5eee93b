import { sql } from 'kysely';
import type { PurgeRef, RowCursor } from '../contracts/retention.ts';
import type { Entities } from '../db/orm.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Fact } from '../facts/index.ts';
import { forgetKeys, inPage, nextPage } from './fact-page.ts';
import { isHeld } from './policy.ts';
import { addRemoved } from './purge-counts.ts';
import { raiseRetentionFloor } from './retention-floor.ts';

/** Rows per batch, some ten milliseconds: locks are held briefly and a killed worker loses little. */
const BATCH_ROWS = 5_000;

/** `next`: the cursor for the next batch; null if the caller does not need one. */
export type PurgedBatch = { rows: number; isDone: boolean; next: RowCursor | null } | 'held';

/**
 * Deletes the oldest rows of a fact before the cut-off with their keys, a few thousand per transaction. The retention
 * floor is raised first, so that late records are rejected and no bucket is recomputed without these rows.
 * @param after cursor of the previous batch, to skip the dead index entries of rows that it deleted
 */
export async function purgeFactBatch(
  em: Entities,
  fact: Fact,
  ref: PurgeRef,
  cutoff: string,
  after: RowCursor | null,
): Promise<PurgedBatch> {
  return inTransaction(em, async (trx) => {
    if (await isHeld(trx, ref.orgId)) return 'held';
    await raiseRetentionFloor(trx, ref.orgId, fact.kind, cutoff);
    const page = await nextPage(trx, fact, ref.orgId, { after, before: cutoff }, BATCH_ROWS);
    if (!page) return { rows: 0, isDone: true, next: null };
    const { rows } = await sql<{ rows: string }>`
      WITH gone AS (
        DELETE FROM ${sql.table(fact.kind)} WHERE ${inPage(fact, ref.orgId, page, after)}
        RETURNING ${sql.ref(fact.idColumn)} AS id, ${sql.ref(fact.timeColumn)} AS at
      ), keys AS (${forgetKeys(ref.orgId, fact.kind, 'gone')}
      )
      SELECT count(*) AS rows FROM gone`.execute(trx);
    const removed = Number(rows[0]?.rows ?? 0);
    await addRemoved(trx, ref, fact.kind, { rows: removed });
    return { rows: removed, isDone: page.rows < BATCH_ROWS, next: { at: page.lastAt, id: page.lastId } };
  });
}
