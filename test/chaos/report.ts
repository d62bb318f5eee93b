import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { JOB_STATUSES } from '../../shared/contracts/jobs.ts';
import type { ReportParameters } from '../../shared/domain/report-parameters.ts';
import type { REPORT_FORMATS } from '../../shared/reports/kinds/index.ts';
import { reportFileKey } from '../../shared/storage/storage.ts';
import { eventually } from '../eventually.ts';
import type { ApiClient } from './client.ts';
import { ORG, type Scene } from './scene.ts';

export interface ReportRequest {
  name: string;
  report_type: string;
  /** CSV where it is not given. */
  format?: (typeof REPORT_FORMATS)[number];
  parameters: ReportParameters;
}

const reportSchema = z.object({
  id: z.string(),
  status: z.enum(JOB_STATUSES),
  file: z.object({ name: z.string(), sha256: z.string(), row_count: z.number() }).nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});
export type ReportAnswer = z.output<typeof reportSchema>;

/** What two runs of one report must have in common. */
export interface ReportResult {
  sha256: string;
  rows: number;
}

/** Asks for a report, under an idempotency key, until it is taken. @returns its id */
export async function requestReport(api: ApiClient, request: ReportRequest, idempotencyKey: string): Promise<string> {
  const { status, body } = await api.insist('POST', '/reports', {
    body: { format: 'csv', ...request },
    idempotencyKey,
  });
  if (status !== 202) throw new Error(`${request.name} returned status ${status}: ${JSON.stringify(body)}`);
  return reportSchema.parse(body).id;
}

/** Waits for a report's end, whatever it is. */
export async function untilClosed(api: ApiClient, id: string, withinMs: number): Promise<ReportAnswer> {
  return eventually(`the end of report ${id}`, withinMs, async () => {
    const { status, body } = await api.insist('GET', `/reports/${id}`);
    if (status !== 200) throw new Error(`report ${id} returned status ${status}: ${JSON.stringify(body)}`);
    const report = reportSchema.parse(body);
    return report.status === 'pending' || report.status === 'running' ? undefined : report;
  });
}

/** Waits for a report's file, downloads it and compares it with what the API says of it. */
export async function resultOf(
  api: ApiClient,
  id: string,
  withinMs: number,
  options?: { withContent: boolean },
): Promise<ReportResult & { content: Buffer }> {
  const report = await untilClosed(api, id, withinMs);
  if (!report.file) throw new Error(`report ${id} is ${report.status}: ${JSON.stringify(report.error)}`);
  const { sha256, content } = await api.download(`/reports/${id}/download`, options);
  if (sha256 !== report.file.sha256) throw new Error(`report ${id} says ${report.file.sha256}, its file has ${sha256}`);
  return { sha256, rows: report.file.row_count, content };
}

/** The first cell of each line of a CSV, without the header. Quoted cells may hold line ends. */
export function firstCells(csv: string): string[] {
  const cells: string[] = [];
  let isQuoted = false;
  let lineStart = 0;
  for (let at = 0; at < csv.length; at += 1) {
    const sign = csv[at];
    if (sign === '"') isQuoted = !isQuoted;
    if (sign !== '\n' || isQuoted) continue;
    cells.push(csv.slice(lineStart, at).split(',', 1)[0] ?? '');
    lineStart = at + 1;
  }
  return cells.slice(1);
}

const keptSchema = z.object({ id: z.string(), file_name: z.string() });

/** Compares the files in storage with those that the reports say they have. @returns every difference in words */
export async function strayFiles(scene: Scene): Promise<string[]> {
  const kept = await scene.rows(
    keptSchema,
    `SELECT id, file_name FROM reports WHERE status = 'completed' AND deleted_at IS NULL AND files_removed_at IS NULL`,
  );
  const expected = new Set(kept.map(({ id, file_name }) => reportFileKey(ORG, id, file_name)));
  const stray: string[] = [];
  for (const entry of readdirSync(scene.storage, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const key = join(entry.parentPath, entry.name).slice(scene.storage.length + 1);
    if (!expected.delete(key) && key.startsWith('reports')) stray.push(`${key} belongs to no report`);
  }
  return [...stray, ...[...expected].map((key) => `${key} is gone`)];
}

const openSchema = z.object({ id: z.string(), status: z.string() });

/** Reports that are not closed. */
export async function openReports(scene: Scene): Promise<string[]> {
  const open = await scene.rows(openSchema, `SELECT id, status FROM reports WHERE status IN ('pending', 'running')`);
  return open.map(({ id, status }) => `report ${id} is ${status}`);
}
