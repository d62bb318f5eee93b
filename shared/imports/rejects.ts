import { type RawBuilder, sql } from 'kysely';
import type { ImportRef } from '../contracts/imports.ts';
import type { Db } from '../db/orm.ts';
import type { FieldError } from '../errors.ts';

/** A line that was not taken, as it stands in the rejects file. */
export interface RejectedLine {
  /** Counted from 1; of a record that spans several lines, the first. */
  line: number;
  errors: FieldError[];
  /** The line as it came; null where it is too long to be repeated. */
  record: string | null;
}

/** Keeps rejected lines, inside the transaction that stores the good ones around them. */
export async function keepRejects(trx: Db, { orgId, importId }: ImportRef, lines: readonly RejectedLine[]) {
  if (lines.length === 0) return;
  const entries = JSON.stringify(lines.map((line) => ({ line: line.line, entry: JSON.stringify(line) })));
  await sql`
    INSERT INTO import_rejects (org_id, import_id, line, entry)
    SELECT ${orgId}, ${importId}::uuid, r.line, r.entry
    FROM json_to_recordset(${entries}::json) AS r(line bigint, entry text)`.execute(trx);
}

/** An import's rejected lines in the order of the file, for COPY: one column, a line of the rejects file each. */
export function rejectedEntries({ orgId, importId }: ImportRef): RawBuilder<unknown> {
  return sql`SELECT entry FROM import_rejects WHERE org_id = ${sql.lit(orgId)} AND import_id = ${sql.lit(importId)} ORDER BY line`;
}

/** Forgets rejected lines that are in their file. */
export async function forgetRejects(db: Db, { orgId, importId }: ImportRef): Promise<void> {
  await db.deleteFrom('import_rejects').where('org_id', '=', orgId).where('import_id', '=', importId).execute();
}
