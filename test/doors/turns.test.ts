import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dbOf } from '../../shared/db/orm.ts';
import type { ApiClient } from '../service/api-client.ts';
import { startService, type TestService } from '../service/service.ts';

let service: TestService;
let acme: ApiClient;
let globex: ApiClient;

beforeAll(async () => {
  service = await startService({
    workers: false,
    env: {
      INGEST_MAX_CONCURRENT: '2',
      INGEST_MAX_WAITING: '40',
      INGEST_MAX_WAITING_PER_ORG: '30',
      INGEST_TURN_SECONDS: '3',
      INGEST_STALL_SECONDS: '1',
    },
  });
  acme = await service.clientFor('acme', 'ingest');
  globex = await service.clientFor('globex', 'ingest');
});
afterAll(() => service.close());

const event = { event_type: 'x', event_name: 'y' };
const health = async () => (await service.anonymous.get('/health')).json;

async function untilIngestionIs(status: string): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if ((await health()).services.ingestion === status) return;
    await sleep(100);
  }
  throw new Error(`ingestion was never ${status}`);
}

/** Runs `work` while `events` is locked. */
async function whileEventsAreLocked(work: () => Promise<void>): Promise<void> {
  await service.orm.em.fork().transactional(async (em) => {
    await sql`LOCK TABLE events IN ACCESS EXCLUSIVE MODE`.execute(dbOf(em));
    await work();
  });
}

it('rotate between organisations, even if one of them sends a burst', async () => {
  const order: string[] = [];
  const send = async (org: ApiClient, name: string) => {
    const { status } = await org.post('/events', event);
    order.push(name);
    return status;
  };
  const flood = Array.from({ length: 30 }, () => send(acme, 'acme'));
  const others = Array.from({ length: 3 }, () => send(globex, 'globex'));
  expect(new Set(await Promise.all([...flood, ...others]))).toEqual(new Set([201]));
  // Sent last; a single queue would answer them last.
  expect(order.lastIndexOf('globex')).toBeLessThan(20);
});

it('that hang are passed on, answered with 503 and shown in /health', async () => {
  await whileEventsAreLocked(async () => {
    const hung = [acme, globex].map((org) => org.post('/events', event));
    await untilIngestionIs('unhealthy');
    expect((await health()).status).toBe('degraded');
    for (const { status, headers, json } of await Promise.all(hung)) {
      expect([status, json.type]).toEqual([503, 'urn:tidemark:problem:unavailable']);
      expect(headers.get('retry-after')).toBe('5');
    }
    // The turns are free again for other records.
    expect((await acme.post('/sessions', { session_id: 's' })).status).toBe(201);
  });
  await untilIngestionIs('healthy');
  expect((await acme.post('/events', event)).status).toBe(201);
});
