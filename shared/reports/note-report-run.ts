import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';

/**
 * Notes that Temporal has a report's workflow. A row that the workflow already has in hand is passed over rather than
 * waited for: its first step notes the run itself, and whoever asked for the report must not wait for what it does.
 */
export async function noteReportRun(db: Db, report: { orgId: string; id: string }, runId: string): Promise<void> {
  await sql`
    UPDATE reports SET run_id = ${runId}
    WHERE org_id = ${report.orgId} AND id = (
      SELECT id FROM reports
      WHERE org_id = ${report.orgId} AND id = ${report.id} AND status = 'pending' AND run_id IS NULL
      FOR UPDATE SKIP LOCKED
    )`.execute(db);
}
