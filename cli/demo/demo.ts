import { join, resolve } from 'node:path';
import type { SampleRecord } from '../../sample/records.ts';
import { sampleRecords } from '../../sample/sample.ts';
import { CliError } from '../cli-error.ts';
import type { DevFile } from '../stack/dev-file.ts';
import { createApi } from './api.ts';
import { type Bar, createBar } from './bar.ts';
import { countRows } from './count-rows.ts';
import { downloadReport } from './download.ts';
import { type FinishedReport, makeReport } from './make-report.ts';
import { type Sent, sendSample } from './send-sample.ts';

/** Fixed seed: every demo has the same sample. */
const seed = 1;

export interface DemoOptions {
  dev: DevFile;
  /** Folder of the stack; the report's file goes below it. */
  folder: string;
  records: number;
  output: NodeJS.WriteStream;
  signal: AbortSignal;
}

/** Result of a demo. */
export interface DemoResult {
  sent: Sent;
  report: FinishedReport;
  path: string;
}

/**
 * Sends a month of sample telemetry to a running stack, makes a report of it and downloads the file.
 * @throws CliError with a one-line message on any failure
 */
export async function runDemo({ dev, folder, records: count, output, signal }: DemoOptions): Promise<DemoResult> {
  const api = createApi(dev.api_url, signal);
  const records = [...sampleRecords({ seed, endsAt: new Date(), records: count })];
  const sent = await withBar(output, signal, 'Telemetry', (bar) =>
    sendSample(api, dev.ingest_key, records, (done) => {
      bar.update(
        (100 * done) / records.length,
        `${done.toLocaleString('en')} of ${records.length.toLocaleString('en')} records`,
      );
    }),
  );
  const report = await withBar(output, signal, 'Report', (bar) =>
    makeReport({ api, adminKey: dev.admin_key, signal, onProgress: (percent, detail) => bar.update(percent, detail) }),
  );
  const path = await downloadReport(api, dev.admin_key, report, resolve(join(folder, 'demo')));
  await checkCounts(path, report, records);
  return { sent, report, path };
}

/** Checks that the file has the report's row count, and at least the executions of the sample. */
async function checkCounts(path: string, report: FinishedReport, records: readonly SampleRecord[]): Promise<void> {
  const { file, format, range } = report;
  const held = await countRows(path, format, 'execution_id');
  if (held !== undefined && held !== file.row_count) {
    throw new CliError(`${path} has ${held} rows, but the report has ${file.row_count}.`);
  }
  const from = Date.parse(range.start);
  const to = Date.parse(range.end);
  const executions = records.filter((record) => {
    const at = record.type === 'execution' ? Date.parse(record.started_at) : Number.NaN;
    return at >= from && at < to;
  }).length;
  if (file.row_count < executions) {
    throw new CliError(`The report has ${file.row_count} executions, but ${executions} were sent.`);
  }
}

async function withBar<Result>(
  output: NodeJS.WriteStream,
  signal: AbortSignal,
  label: string,
  work: (bar: Bar) => Promise<Result>,
): Promise<Result> {
  const bar = createBar(output, label);
  // At once, so that the abort message starts on its own line.
  signal.addEventListener('abort', bar.stop, { once: true });
  try {
    return await work(bar);
  } finally {
    signal.removeEventListener('abort', bar.stop);
    bar.stop();
  }
}
