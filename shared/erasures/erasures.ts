import { sql } from 'kysely';
import type { ErasureReceipt, ErasureRef, ErasureStatus } from '../contracts/erasure.ts';
import type { Db } from '../db/orm.ts';

export interface Erasure {
  id: string;
  userRef: string;
  /** What is to be erased; null once that is over. */
  userIds: string[] | null;
  status: ErasureStatus;
  runId: string | null;
  requestedBy: string;
  createdAt: string;
  completedAt: string | null;
  receipt: ErasureReceipt | null;
  errorMessage: string | null;
}

export interface NewErasure extends ErasureRef {
  userRef: string;
  userIds: readonly string[];
  requestedBy: string;
}

/** Notes an erasure, unless one of the same user is under way. @returns the one in force, and whether it is new */
export async function openErasure(trx: Db, wanted: NewErasure): Promise<{ id: string; isNew: boolean }> {
  const made = await trx
    .insertInto('erasures')
    .values({
      org_id: wanted.orgId,
      id: wanted.erasureId,
      user_ref: wanted.userRef,
      user_ids: [...wanted.userIds],
      status: 'pending',
      requested_by: wanted.requestedBy,
      created_at: new Date(),
    })
    .onConflict((conflict) =>
      conflict
        .columns(['org_id', 'user_ref'])
        .where('status', 'in', sql<ErasureStatus>`('pending', 'running')`)
        .doNothing(),
    )
    .returning('id')
    .executeTakeFirst();
  if (made) return { id: made.id, isNew: true };
  const open = await trx
    .selectFrom('erasures')
    .select('id')
    .where('org_id', '=', wanted.orgId)
    .where('user_ref', '=', wanted.userRef)
    .where('status', 'in', ['pending', 'running'])
    .executeTakeFirst();
  // It ended between the two looks.
  return open ? { id: open.id, isNew: false } : openErasure(trx, wanted);
}

/** @returns null where there is no such erasure */
export async function readErasure(db: Db, { orgId, erasureId }: ErasureRef): Promise<Erasure | null> {
  const row = await db
    .selectFrom('erasures')
    .selectAll()
    .where('org_id', '=', orgId)
    .where('id', '=', erasureId)
    .executeTakeFirst();
  if (!row) return null;
  return {
    id: row.id,
    userRef: row.user_ref,
    userIds: row.user_ids,
    status: row.status,
    runId: row.run_id,
    requestedBy: row.requested_by,
    createdAt: row.created_at,
    completedAt: row.completed_at,
    receipt: row.receipt,
    errorMessage: row.error_message,
  };
}

/** Erasures that are not over. */
export async function openErasures(db: Db, olderThan: Date, limit: number): Promise<ErasureRef[]> {
  const rows = await db
    .selectFrom('erasures')
    .select(['org_id', 'id'])
    .where('status', 'in', ['pending', 'running'])
    .where('created_at', '<', sql<string>`${olderThan}`)
    .limit(limit)
    .execute();
  return rows.map((row) => ({ orgId: row.org_id, erasureId: row.id }));
}

export async function noteErasureRun(db: Db, { orgId, erasureId }: ErasureRef, runId: string): Promise<void> {
  await db
    .updateTable('erasures')
    .set({ run_id: runId })
    .where('org_id', '=', orgId)
    .where('id', '=', erasureId)
    .execute();
}

/** Takes back an erasure whose workflow could not be started. */
export async function withdrawErasure(db: Db, { orgId, erasureId }: ErasureRef): Promise<void> {
  await db
    .deleteFrom('erasures')
    .where('org_id', '=', orgId)
    .where('id', '=', erasureId)
    .where('status', '=', 'pending')
    .where('run_id', 'is', null)
    .execute();
}

/** Notes that the work begins. @returns false where it is over */
export async function beginErasure(db: Db, { orgId, erasureId }: ErasureRef): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('erasures')
    .set({ status: 'running' })
    .where('org_id', '=', orgId)
    .where('id', '=', erasureId)
    .where('status', 'in', ['pending', 'running'])
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

/** Closes an erasure and forgets whose it was; the receipt stays. */
export async function closeErasure(
  trx: Db,
  { orgId, erasureId }: ErasureRef,
  status: 'completed' | 'failed' | 'cancelled',
  receipt: ErasureReceipt,
  errorMessage: string | null,
): Promise<void> {
  await trx
    .updateTable('erasures')
    .set({
      status,
      user_ids: null,
      completed_at: new Date(),
      receipt: JSON.stringify(receipt),
      error_message: errorMessage,
    })
    .where('org_id', '=', orgId)
    .where('id', '=', erasureId)
    .where('status', 'in', ['pending', 'running'])
    .execute();
}
