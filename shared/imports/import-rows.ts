import { type Selectable, sql } from 'kysely';
import type { ImportCounts, ImportFailure, ImportRef } from '../contracts/imports.ts';
import type { Db } from '../db/orm.ts';
import type { ImportsTable } from '../db/tables.ts';

/** How far a file's content is stored: bytes (unpacked) and lines. */
export interface ImportPosition {
  bytes: number;
  line: number;
}

type Row = Selectable<ImportsTable>;

/** One import as it stands. */
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
  > {
  contentBytes: number;
  position: ImportPosition;
  counts: ImportCounts;
  completedAt: string | null;
}

/** What is fixed when an import is made. */
export type NewImport = ImportRef &
  Pick<
    ImportRow,
    'file_name' | 'source_key' | 'source_is_copy' | 'is_gzip' | 'format' | 'mapping' | 'header' | 'content_sha256'
  > & { contentBytes: number; position: ImportPosition };

/** Makes the import's row; one that is there already stays as it is. */
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
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** @returns null where there is no such import */
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

/** Notes that the work begins, or goes on after a failure or a cancellation. @returns false where it is done already */
export async function beginImport(db: Db, { orgId, importId }: ImportRef): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('imports')
    .set({
      status: 'running',
      started_at: sql<string>`coalesce(started_at, now())`,
      completed_at: null,
      error_code: null,
      error_message: null,
    })
    .where('org_id', '=', orgId)
    .where('id', '=', importId)
    .where('status', '<>', 'completed')
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

/**
 * Moves an import on, inside the transaction that stores what lies between the two positions.
 * @returns false where it does not stand at `from` any more: another attempt has stored that, or it was closed
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

/** Closes an import that was stored to its end. @returns false where it was closed otherwise */
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
    .where('status', 'in', ['running', 'completed'])
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

/** Closes an import that did not come to its end; what is stored stays, and it can go on from there. */
export async function stopImport(
  db: Db,
  { orgId, importId }: ImportRef,
  status: 'failed' | 'cancelled',
  failure: ImportFailure | null,
): Promise<void> {
  await db
    .updateTable('imports')
    .set({
      status,
      completed_at: new Date(),
      error_code: failure?.code ?? null,
      error_message: failure?.message ?? null,
    })
    .where('org_id', '=', orgId)
    .where('id', '=', importId)
    .where('status', '<>', 'completed')
    .execute();
}
