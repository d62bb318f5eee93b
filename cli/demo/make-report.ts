import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { CliError } from '../cli-error.ts';
import { type Api, whatIsWrong } from './api.ts';

const lookEveryMs = 250;
/** Time limit until a worker starts the report. */
const takenUpWithinMs = 120_000;

const fileSchema = z.object({
  name: z.string(),
  size_bytes: z.number(),
  sha256: z.string(),
  row_count: z.number(),
});

const reportSchema = z.object({
  id: z.string(),
  format: z.string(),
  status: z.enum(['pending', 'running', 'completed', 'failed', 'cancelled']),
  progress: z.number(),
  progress_detail: z.object({ phase: z.string(), rows_written: z.number(), rows_total: z.number().nullable() }),
  range: z.object({ start: z.string(), end: z.string() }),
  file: fileSchema.nullable(),
  error: z.object({ code: z.string(), message: z.string().nullable() }).nullable(),
});
type Report = z.output<typeof reportSchema>;
export type ReportFile = z.output<typeof fileSchema>;

/** A completed report with its file. */
export interface FinishedReport {
  id: string;
  format: string;
  range: { start: string; end: string };
  file: ReportFile;
}

export interface MakeReportOptions {
  api: Api;
  adminKey: string;
  signal: AbortSignal;
  onProgress: (percent: number, detail: string) => void;
}

/**
 * Requests a report of all executions of the last 31 days and waits for it.
 * @throws CliError if it fails, is cancelled, or no worker starts it
 */
export async function makeReport(options: MakeReportOptions): Promise<FinishedReport> {
  const { api, adminKey, signal, onProgress } = options;
  let report = await begin(api, adminKey);
  const asked = Date.now();
  while (report.status === 'pending' || report.status === 'running') {
    onProgress(report.progress, progressText(report));
    if (report.status === 'pending' && Date.now() - asked > takenUpWithinMs) {
      throw new CliError(
        `No worker started report ${report.id} within ${takenUpWithinMs / 1000} s; see the worker's log.`,
      );
    }
    await sleep(lookEveryMs, undefined, { signal });
    report = await api.read(`/reports/${report.id}`, { key: adminKey }, reportSchema);
  }
  const { id, format, range, file, status, error } = report;
  if (status !== 'completed' || !file) {
    throw new CliError(`The report is ${status}: ${error?.message ?? error?.code ?? 'unknown error'}`);
  }
  onProgress(100, progressText(report));
  return { id, format, range, file };
}

/** Requests XLSX if the server supports it, else CSV. */
async function begin(api: Api, key: string): Promise<Report> {
  const ask = (format: string) => ({
    method: 'POST' as const,
    key,
    // A retry after a lost response must not create a second report.
    headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID() },
    body: JSON.stringify({
      name: 'Executions of the last 31 days',
      report_type: 'executions',
      format,
      parameters: { days: 31 },
    }),
  });
  const answer = await api.send('/reports', ask('xlsx'));
  if (answer.status === 400) {
    await answer.body?.cancel();
    return api.read('/reports', ask('csv'), reportSchema);
  }
  if (!answer.ok) throw new CliError(`/reports: ${await whatIsWrong(answer)}`);
  return reportSchema.parse(await answer.json());
}

function progressText({ progress_detail: { phase, rows_written, rows_total } }: Report): string {
  if (rows_total === null) return phase;
  return `${phase}, ${rows_written.toLocaleString('en')} of ${rows_total.toLocaleString('en')} rows`;
}
