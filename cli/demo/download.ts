import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CliError } from '../cli-error.ts';
import { type Api, whatIsWrong } from './api.ts';
import type { FinishedReport } from './make-report.ts';

/**
 * Downloads a report's file and checks its size and SHA-256 against the report.
 * @returns the path; a file that does not match is deleted
 */
export async function downloadReport(
  api: Api,
  adminKey: string,
  { id, file }: FinishedReport,
  folder: string,
): Promise<string> {
  const response = await api.send(`/reports/${id}/download`, { key: adminKey });
  if (!response.ok) throw new CliError(`The file could not be downloaded: ${await whatIsWrong(response)}`);
  if (!response.body) throw new CliError('The file could not be downloaded: the response is empty.');
  await mkdir(folder, { recursive: true });
  const path = join(folder, basename(file.name));
  const unfinished = `${path}.unfinished`;
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      done(null, chunk);
    },
  });
  try {
    await pipeline(response.body, measure, createWriteStream(unfinished));
    if (sizeBytes !== file.size_bytes || hash.digest('hex') !== file.sha256) {
      throw new CliError(`The downloaded file does not match the report: ${sizeBytes} of ${file.size_bytes} bytes.`);
    }
    await rename(unfinished, path);
    return path;
  } finally {
    await rm(unfinished, { force: true });
  }
}
