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
 * Fetches a report's file into a folder and checks it on the way against the size and the SHA-256 that the report says.
 * @returns where it is; a file that does not agree is not kept
 */
export async function downloadReport(
  api: Api,
  adminKey: string,
  { id, file }: FinishedReport,
  folder: string,
): Promise<string> {
  const response = await api.send(`/reports/${id}/download`, { key: adminKey });
  if (!response.ok) throw new CliError(`The file cannot be fetched: ${await whatIsWrong(response)}`);
  if (!response.body) throw new CliError('The file cannot be fetched: the answer is empty.');
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
      throw new CliError(`The file that came is not the one that was made: ${sizeBytes} of ${file.size_bytes} bytes.`);
    }
    await rename(unfinished, path);
    return path;
  } finally {
    await rm(unfinished, { force: true });
  }
}
