import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { z } from 'zod';
import type { SampleRecord } from '../../sample/records.ts';
import { CliError } from '../cli-error.ts';
import type { Api } from './api.ts';

const compress = promisify(gzip);
const batchRecords = 5_000;

const batchAnswerSchema = z.object({
  accepted: z.number(),
  duplicates: z.number(),
  rejected: z.number(),
  errors: z.array(z.object({ index: z.number(), field: z.string(), message: z.string() })),
});

/** Result of sending the sample. */
export interface Sent {
  accepted: number;
  duplicates: number;
}

/**
 * Sends records in batches, one after the other. Sending them again changes nothing.
 * @throws CliError if the server rejects a record
 */
export async function sendSample(
  api: Api,
  ingestKey: string,
  records: readonly SampleRecord[],
  onSent: (count: number) => void,
): Promise<Sent> {
  const sent: Sent = { accepted: 0, duplicates: 0 };
  for (let first = 0; first < records.length; first += batchRecords) {
    const batch = records.slice(first, first + batchRecords);
    const answer = await sendBatch(api, ingestKey, batch);
    const [fault] = answer.errors;
    if (answer.rejected > 0 || fault) {
      const record = batch[fault?.index ?? 0];
      throw new CliError(
        `The server rejected ${answer.rejected} records, the first of type ${record?.type}: ${fault?.field} ${fault?.message}`,
      );
    }
    sent.accepted += answer.accepted;
    sent.duplicates += answer.duplicates;
    onSent(first + batch.length);
  }
  return sent;
}

async function sendBatch(api: Api, key: string, batch: readonly SampleRecord[]) {
  const lines = batch.map((record) => `${JSON.stringify(record)}\n`).join('');
  // A request body must own its memory, so it is copied out of Node's buffer pool.
  const body = new Uint8Array(await compress(lines));
  const headers = { 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' };
  return api.read('/batch', { method: 'POST', key, headers, body }, batchAnswerSchema);
}
