import { sampleRecords } from '../../sample/sample.ts';
import type { Scene } from './scene.ts';

/** A month that is over: what is sent meanwhile does not fall into it. */
export const FINISHED_MONTH = { start_date: '2026-03-01T00:00:00Z', end_date: '2026-04-01T00:00:00Z' } as const;

const ENDS_AT = new Date('2026-03-31T12:00:00Z');
const BATCH = 2_000;

/** Sends a platform's month, the same every time. */
export async function sendFinishedMonth(scene: Scene, records: number): Promise<void> {
  let batch: object[] = [];
  const send = async () => {
    const { status, body } = await scene.ingest.insist('POST', '/batch', { body: batch });
    if (status !== 202 || JSON.stringify(body).includes('"field"')) {
      throw new Error(`the sample returned status ${status}: ${JSON.stringify(body).slice(0, 1_000)}`);
    }
    batch = [];
  };
  for (const record of sampleRecords({ seed: 7, endsAt: ENDS_AT, records })) {
    batch.push(record);
    if (batch.length === BATCH) await send();
  }
  await send();
}
