import { sql } from 'kysely';
import type { ReportRef } from '../contracts/reports.ts';
import type { Db } from '../db/orm.ts';
import type { KeyRange } from './kinds/kind.ts';

export interface ReportPart extends KeyRange {
  rowsPlanned: number;
  /** Null until it is written whole. */
  rowsWritten: number | null;
  sizeBytes: number | null;
}

/** One part of a plan; null where there is no such part. */
export async function readPart(db: Db, { orgId, reportId }: ReportRef, part: number): Promise<ReportPart | null> {
  const row = await db
    .selectFrom('report_parts')
    .selectAll()
    .where('org_id', '=', orgId)
    .where('report_id', '=', reportId)
    .where('part', '=', part)
    .executeTakeFirst();
  if (!row) return null;
  return {
    lowerAt: row.lower_at,
    lowerId: row.lower_id,
    upperAt: row.upper_at,
    upperId: row.upper_id,
    rowsPlanned: Number(row.rows_planned),
    rowsWritten: row.rows_written === null ? null : Number(row.rows_written),
    sizeBytes: row.size_bytes === null ? null : Number(row.size_bytes),
  };
}

/** Notes that a part is written, and how far that brings its report. */
export async function finishPart(
  db: Db,
  { orgId, reportId }: ReportRef,
  part: number,
  written: { rows: number; sizeBytes: number },
): Promise<void> {
  await db
    .updateTable('report_parts')
    .set({ rows_written: written.rows, size_bytes: written.sizeBytes })
    .where('org_id', '=', orgId)
    .where('report_id', '=', reportId)
    .where('part', '=', part)
    .execute();
  await sql`
    UPDATE reports r SET rows_written = p.rows, parts_done = p.done
    FROM (SELECT coalesce(sum(rows_written), 0) AS rows, count(rows_written) AS done
          FROM report_parts WHERE org_id = ${orgId} AND report_id = ${reportId}) p
    WHERE r.org_id = ${orgId} AND r.id = ${reportId}`.execute(db);
}

/** Rows of all parts as they were written, and parts that are not. */
export async function sumParts(db: Db, { orgId, reportId }: ReportRef): Promise<{ rows: number; missing: number }> {
  const row = await db
    .selectFrom('report_parts')
    .select(({ fn }) => [
      fn.sum<string | null>('rows_written').as('rows'),
      fn.countAll<string>().as('all'),
      fn.count<string>('rows_written').as('done'),
    ])
    .where('org_id', '=', orgId)
    .where('report_id', '=', reportId)
    .executeTakeFirstOrThrow();
  return { rows: Number(row.rows ?? 0), missing: Number(row.all) - Number(row.done) };
}
