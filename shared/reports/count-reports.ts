import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';

export interface ReportCounts {
  /** Waiting or being made. */
  running: number;
  /** Completed in the range, those deleted since included. */
  completed: number;
}

/** How an organisation's reports stand. */
export async function countReports(
  db: Db,
  orgId: string,
  { startInclusive, endExclusive }: { startInclusive: Date; endExclusive: Date },
): Promise<ReportCounts> {
  const { rows } = await sql<{ running: string; completed: string }>`
    SELECT count(*) FILTER (WHERE status IN ('pending', 'running') AND deleted_at IS NULL) AS running,
           count(*) FILTER (WHERE status = 'completed' AND completed_at >= ${startInclusive}::timestamptz
                            AND completed_at < ${endExclusive}::timestamptz) AS completed
    FROM reports WHERE org_id = ${orgId}`.execute(db);
  return { running: Number(rows[0]?.running ?? 0), completed: Number(rows[0]?.completed ?? 0) };
}
