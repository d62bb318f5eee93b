import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createApiKey } from '../../shared/organisations/api-keys.ts';
import { ensureOrganisation } from '../../shared/organisations/organisations.ts';
import { startService, type TestService } from '../service/service.ts';
import { sendApart } from './sender.ts';

const MAX_BLOCK_MS = 200;
const MEGABYTE = 1024 * 1024;

/** A busy machine delays a process now and then; the API would block each time. */
const ATTEMPTS = 4;

let service: TestService;
let key: string;

beforeAll(async () => {
  service = await startService({ workers: false });
  const em = service.orm.em.fork();
  await ensureOrganisation(em, 'acme', 'acme', new Date());
  key = (await createApiKey(em, { orgId: 'acme', role: 'ingest', name: 'sender' })).key;
  // Warm-up: compiled code and open connections.
  await post(lines(10_000), ndjson);
});
afterAll(() => service.close());

function post(body: string, headers: Record<string, string>) {
  const authorization = `Bearer ${key}`;
  const url = `${service.origin}/api/v1/analytics/batch`;
  return sendApart({ url, headers: { authorization, ...headers }, bytes: Buffer.from(body) });
}

const json = { 'content-type': 'application/json' };
const ndjson = { 'content-type': 'application/x-ndjson' };
const event = (n: number, more = '') => `{"type":"event","event_type":"x","event_name":"y","event_id":"e${n}"${more}}`;
const lines = (count: number) => Array.from({ length: count }, (_, n) => event(n)).join('\n');
const padded = (n: number) => event(n, `,"properties":{"text":"${'z'.repeat(1_500)}"}`);

/** Bodies that are expensive to parse or reject, with their answers. */
const hostile: readonly [string, () => string, Record<string, string>, number, object][] = [
  ['a million bad lines', () => 'x\n'.repeat(1_000_000), ndjson, 413, {}],
  ['ten thousand bad lines', () => 'x\n'.repeat(10_000), ndjson, 202, { rejected: 10_000, errors_omitted: 9_000 }],
  ['16 MB of newlines', () => '\n'.repeat(16 * MEGABYTE), ndjson, 202, { rejected: 0 }],
  ['16 MB of lines of braces', () => '{}\n'.repeat(5 * MEGABYTE), ndjson, 413, {}],
  [
    '10,000 records in 16 MB',
    () => `[${Array.from({ length: 10_000 }, (_, n) => padded(n)).join(',')}]`,
    json,
    202,
    { rejected: 0 },
  ],
  ['5 million empty objects', () => `[${'{},'.repeat(5 * MEGABYTE)}{}]`, json, 413, {}],
  ['a record of 5 million empty objects', () => `[[${'{},'.repeat(5 * MEGABYTE)}{}]]`, json, 202, { rejected: 1 }],
  ['8 million levels', () => '['.repeat(8 * MEGABYTE - 1) + ']'.repeat(8 * MEGABYTE - 1), json, 202, { rejected: 1 }],
  ['a string of 16 MB', () => `[${event(1, `,"feature":"${'y'.repeat(15 * MEGABYTE)}"`)}]`, json, 202, { rejected: 1 }],
  [
    'records of 40 unknown fields',
    () => `[${Array.from({ length: 10_000 }, () => `{"type":"event",${unknown}}`).join(',')}]`,
    json,
    202,
    { rejected: 10_000 },
  ],
];
const unknown = Array.from({ length: 40 }, (_, n) => `"field_${n}":1`).join(',');

it.each(hostile)('is not blocked by %s', async (_, bodyOf, headers, status, expected) => {
  const body = bodyOf();
  let leastMs = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < ATTEMPTS && leastMs >= MAX_BLOCK_MS; attempt += 1) {
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    // A block at either end shows only between two samples.
    await sleep(20);
    const answer = await post(body, headers);
    await sleep(20);
    delay.disable();
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text)).toMatchObject(expected);
    expect(answer.text.length).toBeLessThan(MEGABYTE);
    leastMs = Math.min(leastMs, delay.max / 1e6);
  }
  expect(leastMs).toBeLessThan(MAX_BLOCK_MS);
});
