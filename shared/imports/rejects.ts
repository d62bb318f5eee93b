import { type RawBuilder, sql } from 'kysely';
import type { ImportRef } from '../contracts/imports.ts';
import type { Db } from '../db/orm.ts';
import type { FieldError } from '../errors.ts';

/** A rejected line, as written to the rejects file. */
export interface RejectedLine {
  /** The line number, starting at 1; the first line of a record that spans several. */
  line: number;
  errors: FieldError[];
  /** The text of the line; null if it is too long or not UTF-8. */
  record: string | null;
}

/**
 * Inserts rejected lines. Call it in the transaction that stores the accepted lines of the same chunk. Where another
 * attempt has stored them, the position of the import tells so, and that transaction is rolled back.
 */
export async function keepRejects(trx: Db, { orgId, importId }: ImportRef, lines: readonly RejectedLine[]) {
  if (lines.length === 0) return;
  const entries = JSON.stringify(lines.map((line) => ({ line: line.line, entry: JSON.stringify(line) })));
  await sql`
    INSERT INTO import_rejects (org_id, import_id, line, entry)
    SELECT ${orgId}, ${importId}::uuid, r.line, r.entry
    FROM json_to_recordset(${entries}::json) AS r(line bigint, entry text)
    ON CONFLICT DO NOTHING`.execute(trx);
}

/** The rejected lines of an import in file order, for COPY: one column with the lines of the rejects file. */
export function rejectedEntries({ orgId, importId }: ImportRef): RawBuilder<unknown> {
  return sql`SELECT entry FROM import_rejects WHERE org_id = ${sql.lit(orgId)} AND import_id = ${sql.lit(importId)} ORDER BY line`;
}

/** Deletes the rejected lines of an import, once the rejects file is written. */
export async function forgetRejects(db: Db, { orgId, importId }: ImportRef): Promise<void> {
  await db.deleteFrom('import_rejects').where('org_id', '=', orgId).where('import_id', '=', importId).execute();
}
