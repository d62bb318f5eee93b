import { sql } from 'kysely';
import type { ErasureReceipt, ErasureRef } from '../contracts/erasure.ts';
import type { JobStatus } from '../contracts/jobs.ts';
import type { Db } from '../db/orm.ts';
import { OPEN_STATUSES, statusesBefore } from '../jobs/states.ts';

export interface Erasure {
  id: string;
  userRef: string;
  /** The ids to erase; null once the erasure is closed. */
  userIds: string[] | null;
  status: JobStatus;
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

/** Stores an erasure unless the user has an open one. @returns the open erasure and whether it is new */
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
        .where('status', 'in', sql<JobStatus>`('pending', 'running')`)
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
    .where('status', 'in', OPEN_STATUSES)
    .executeTakeFirst();
  // The open erasure was closed between the two queries.
  return open ? { id: open.id, isNew: false } : openErasure(trx, wanted);
}

/** Reads an erasure. @returns null if it does not exist */
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

/** Stores the run id of an erasure. A closed erasure keeps the run that closed it. */
export async function noteErasureRun(db: Db, { orgId, erasureId }: ErasureRef, runId: string): Promise<void> {
  await db
    .updateTable('erasures')
    .set({ run_id: runId })
    .where('org_id', '=', orgId)
    .where('id', '=', erasureId)
    .where((where) => where.or([where('status', 'in', OPEN_STATUSES), where('run_id', 'is', null)]))
    .execute();
}

/** Deletes an erasure whose workflow could not be started. @returns false where its workflow has begun */
export async function withdrawErasure(db: Db, { orgId, erasureId }: ErasureRef): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('erasures')
    .where('org_id', '=', orgId)
    .where('id', '=', erasureId)
    .where('status', '=', 'pending')
    .where('run_id', 'is', null)
    .executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}

/** Moves an erasure to running. @returns false if it is closed */
export async function markErasureRunning(db: Db, { orgId, erasureId }: ErasureRef): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('erasures')
    .set({ status: 'running' })
    .where('org_id', '=', orgId)
    .where('id', '=', erasureId)
    .where('status', 'in', statusesBefore('running'))
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

/** Closes an erasure with its receipt and removes the user's ids from its row. @returns whether it was open */
export async function closeErasureRow(
  trx: Db,
  { orgId, erasureId }: ErasureRef,
  status: 'completed' | 'failed' | 'cancelled',
  receipt: ErasureReceipt,
  errorMessage: string | null,
): Promise<boolean> {
  const { numUpdatedRows } = await trx
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
    .where('status', 'in', statusesBefore(status))
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}
