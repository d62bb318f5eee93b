import { type Selectable, sql } from 'kysely';
import type { ImportCounts, ImportRef } from '../contracts/imports.ts';
import type { JobOutcome } from '../contracts/jobs.ts';
import type { Db, Tables } from '../db/orm.ts';
import { OPEN_STATUSES, statusesBefore } from '../jobs/states.ts';

/** How much of a file's content is stored: uncompressed bytes and lines. */
export interface ImportPosition {
  bytes: number;
  line: number;
}

type Row = Selectable<Tables['imports']>;

/** The current state of an import. */
export interface ImportRow
  extends Pick<
    Row,
    | 'file_name'
    | 'source_key'
    | 'source_is_copy'
    | 'is_gzip'
    | 'format'
    | 'mapping'
    | 'header'
    | 'content_sha256'
    | 'status'
    | 'rejects_key'
    | 'error_message'
    | 'created_at'
    | 'run_id'
  > {
  contentBytes: number;
  position: ImportPosition;
  counts: ImportCounts;
  completedAt: string | null;
}

/** The fields that are fixed when an import is created. */
export type NewImport = ImportRef &
  Pick<
    ImportRow,
    'file_name' | 'source_key' | 'source_is_copy' | 'is_gzip' | 'format' | 'mapping' | 'header' | 'content_sha256'
  > & { contentBytes: number; position: ImportPosition };

/**
 * Inserts the import's row as pending. One that failed or was cancelled becomes pending again, from its position; its
 * request counts from now.
 */
export async function keepImport(
  db: Db,
  { orgId, importId, contentBytes, position, ...row }: NewImport,
): Promise<void> {
  await db
    .insertInto('imports')
    .values({
      ...row,
      org_id: orgId,
      id: importId,
      mapping: JSON.stringify(row.mapping),
      header: row.header === null ? null : JSON.stringify(row.header),
      content_bytes: contentBytes,
      position_bytes: position.bytes,
      position_line: position.line,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['org_id', 'id'])
        .doUpdateSet({
          status: 'pending',
          run_id: null,
          created_at: new Date(),
          completed_at: null,
          error_code: null,
          error_message: null,
        })
        .where('imports.status', 'in', ['failed', 'cancelled']),
    )
    .execute();
}

/** Stores the run of an open import. */
export async function noteImportRun(db: Db, { orgId, importId }: ImportRef, runId: string): Promise<void> {
  await db
    .updateTable('imports')
    .set({ run_id: runId })
    .where('org_id', '=', orgId)
    .where('id', '=', importId)
    .where('status', 'in', OPEN_STATUSES)
    .execute();
}

/** Reads an import. @returns null if it does not exist */
export async function readImport(db: Db, { orgId, importId }: ImportRef): Promise<ImportRow | null> {
  const row = await db
    .selectFrom('imports')
    .selectAll()
    .where('org_id', '=', orgId)
    .where('id', '=', importId)
    .executeTakeFirst();
  if (!row) return null;
  return {
    ...row,
    contentBytes: Number(row.content_bytes),
    position: { bytes: Number(row.position_bytes), line: Number(row.position_line) },
    counts: { accepted: Number(row.accepted), duplicates: Number(row.duplicates), rejected: Number(row.rejected) },
    completedAt: row.completed_at,
  };
}

/** Moves an import to running. @returns false where it is closed */
export async function markImportRunning(db: Db, { orgId, importId }: ImportRef): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('imports')
    .set({
      status: 'running',
      started_at: sql<string>`coalesce(started_at, now())`,
    })
    .where('org_id', '=', orgId)
    .where('id', '=', importId)
    .where('status', 'in', statusesBefore('running'))
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

/**
 * Advances an import's position, inside the transaction that stores the records between the two positions.
 * @returns false where its position is no longer `from`: another attempt has stored those records, or it was closed
 */
export async function advanceImport(
  trx: Db,
  { orgId, importId }: ImportRef,
  from: ImportPosition,
  to: ImportPosition,
  more: ImportCounts,
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('imports')
    .set({
      position_bytes: to.bytes,
      position_line: to.line,
      accepted: sql<number>`accepted + ${more.accepted}`,
      duplicates: sql<number>`duplicates + ${more.duplicates}`,
      rejected: sql<number>`rejected + ${more.rejected}`,
    })
    .where('org_id', '=', orgId)
    .where('id', '=', importId)
    .where('status', '=', 'running')
    .where('position_bytes', '=', String(from.bytes))
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

/** Completes an import whose records are all stored. @returns false where it is not running: closed, or completed before */
export async function completeImport(
  db: Db,
  { orgId, importId }: ImportRef,
  rejectsKey: string | null,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('imports')
    .set({ status: 'completed', completed_at: new Date(), rejects_key: rejectsKey })
    .where('org_id', '=', orgId)
    .where('id', '=', importId)
    .where('status', 'in', statusesBefore('completed'))
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

/**
 * Closes an import that does not complete; its records stay, and it can resume.
 * @param ofRun closes it only while this is its run; undefined for any
 * @returns whether it was open
 */
export async function closeImportRow(
  db: Db,
  { orgId, importId }: ImportRef,
  outcome: JobOutcome,
  ofRun?: string | null,
): Promise<boolean> {
  const failure = outcome.status === 'failed' ? outcome.failure : null;
  const { numUpdatedRows } = await db
    .updateTable('imports')
    .set({
      status: outcome.status,
      completed_at: new Date(),
      error_code: failure?.code ?? null,
      error_message: failure?.message ?? null,
    })
    .where('org_id', '=', orgId)
    .where('id', '=', importId)
    .where('status', 'in', statusesBefore(outcome.status))
    .$if(ofRun !== undefined, (update) => update.where(sql<boolean>`run_id IS NOT DISTINCT FROM ${ofRun ?? null}`))
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}
