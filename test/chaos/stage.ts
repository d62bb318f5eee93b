import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { reportWorkflowId } from '../../shared/contracts/reports.ts';
import { holdReads, holdReport } from './hold.ts';
import { type ReportRequest, requestReport } from './report.ts';
import type { Scene } from './scene.ts';

/** Leaves the row that an API leaves which is killed before it starts the workflow. @returns its id */
export async function leavePendingRow(scene: Scene, likeId: string): Promise<string> {
  const id = uuidv7();
  // All columns of one that is done, besides those that tell how far it has come.
  await scene.rows(
    z.unknown(),
    `INSERT INTO reports SELECT (jsonb_populate_record(r, jsonb_build_object(
       'id', $1::text, 'created_at', now(), 'status', 'pending', 'phase', 'waiting', 'run_id', null, 'cutoff', null,
       'rows_total', null, 'rows_written', 0, 'parts_total', null, 'parts_done', 0, 'started_at', null,
       'completed_at', null, 'expires_at', null, 'file_name', null, 'file_size_bytes', null, 'file_sha256', null,
       'file_row_count', null, 'file_content_type', null))).*
     FROM reports r WHERE id = $2`,
    [id, likeId],
  );
  return id;
}

/** Makes a report older than those that the sweep leaves alone. */
export async function ageReport(scene: Scene, id: string): Promise<void> {
  await scene.rows(z.unknown(), `UPDATE reports SET created_at = now() - interval '20 s' WHERE id = $1`, [id]);
}

/** Does now what the schedule does every minute. */
export async function sweep(scene: Scene): Promise<void> {
  await scene.temporal.schedule.getHandle('tidemark/sweep-jobs').trigger();
}

/** Stops a report in the middle of its first parts: their rows are held back. */
export async function holdInTheMiddleOfParts(
  scene: Scene,
  request: ReportRequest,
  key: string,
): Promise<{ id: string; release(): Promise<void> }> {
  const planned = await holdReport(scene, request.name, 'writing');
  const id = await requestReport(scene.admin, request, key);
  await planned.reached();
  const reads = await holdReads(scene, request.report_type);
  await planned.release();
  await reads.reached();
  return { id, release: reads.release };
}

/** How many reports have this name. */
export async function reportsNamed(scene: Scene, name: string): Promise<number> {
  return (await scene.rows(z.unknown(), 'SELECT id FROM reports WHERE name = $1', [name])).length;
}

/** A report's workflow, as an operator reaches it. */
export function workflowOf(scene: Scene, reportId: string) {
  return scene.temporal.workflow.getHandle(reportWorkflowId(reportId));
}
