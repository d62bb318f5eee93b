import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { PurgeRef } from '../../shared/contracts/retention.ts';
import { dbOf } from '../../shared/db/orm.ts';
import { ensurePartition } from '../../shared/db/partitions.ts';
import { facts } from '../../shared/facts/index.ts';
import { dropOldPartitions } from '../../shared/retention/drop-partitions.ts';
import { readRemoved } from '../../shared/retention/purge-counts.ts';
import type { ApiClient } from '../service/api-client.ts';
import { startService, type TestService } from '../service/service.ts';
import { hasTable } from './scene.ts';

let service: TestService;
let client: ApiClient;
beforeAll(async () => {
  service = await startService({ workers: false });
  client = await service.clientFor('acme', 'admin');
});
afterAll(() => service.close());

const db = () => dbOf(service.orm.em.fork());
const drop = (ref: PurgeRef | null = null) => dropOldPartitions(db(), facts.events, ref, new AbortController().signal);

async function store(api: ApiClient, at: string, id: string) {
  return (await api.post('/events', { event_type: 'x', event_name: 'y', event_id: id, occurred_at: at })).status;
}

async function keepFrom(orgId: string, at: string) {
  await sql`UPDATE retention_floors SET at = ${at} WHERE org_id = ${orgId} AND kind = 'events'`.execute(db());
}

async function state(name: string): Promise<string> {
  const { rows } = await sql<{ pending: boolean | null }>`
    SELECT i.inhdetachpending AS pending FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
    WHERE c.relname = ${name}`.execute(db());
  const found = rows[0];
  if (!found) return 'none';
  return found.pending === null ? 'detached' : found.pending ? 'pending' : 'attached';
}

it('drops a month below every retention floor, with its keys, and no other', async () => {
  await store(client, '2023-01-10T00:00:00Z', 'old');
  await store(client, '2023-02-10T00:00:00Z', 'kept');
  await keepFrom('acme', '2023-02-01T00:00:00Z');
  const ref = { orgId: 'acme', run: 'by hand' };
  expect(await drop(ref)).toEqual({ dropped: 1, skipped: [] });
  expect(await readRemoved(db(), ref)).toMatchObject([{ name: 'events', rows: 1, partitionsDropped: 1 }]);
  expect([await hasTable(service, 'events_2023_01'), await hasTable(service, 'events_2023_02')]).toEqual([false, true]);
  const keys = await sql<{ id: string }>`SELECT id FROM fact_keys WHERE org_id = 'acme'`.execute(db());
  expect(keys.rows).toEqual([{ id: 'kept' }]);
  expect(await store(client, '2023-01-10T00:00:00Z', 'late')).toBe(400);
});

it('keeps a month above the floor of one organisation, or under its legal hold', async () => {
  const other = await service.clientFor('globex', 'admin');
  await store(other, '2023-02-11T00:00:00Z', 'theirs');
  await keepFrom('acme', '2023-03-01T00:00:00Z');
  expect(await drop()).toEqual({ dropped: 0, skipped: [] });
  await keepFrom('globex', '2023-03-01T00:00:00Z');
  await other.patch('/settings', { legal_hold: true });
  expect(await drop()).toEqual({ dropped: 0, skipped: [] });
  await other.patch('/settings', { legal_hold: false });
  expect(await drop()).toEqual({ dropped: 1, skipped: [] });
});

it('skips a month with open readers, reattaches it for a late write, and drops it in a later round', async () => {
  await sql`UPDATE retention_floors SET at = '2023-01-01' WHERE kind = 'events'`.execute(db());
  await store(client, '2023-04-10T00:00:00Z', 'april');
  await sql`UPDATE retention_floors SET at = '2023-06-01' WHERE kind = 'events'`.execute(db());
  await service.orm.em.fork().transactional(async (em) => {
    await sql`SELECT count(*) FROM events`.execute(dbOf(em));
    expect(await drop()).toEqual({ dropped: 0, skipped: ['events_2023_04'] });
  });
  expect(await state('events_2023_04')).toBe('pending');

  const late = await service.clientFor('initech', 'admin');
  expect(await store(late, '2023-04-11T00:00:00Z', 'needed')).toBe(201);
  expect(await state('events_2023_04')).toBe('attached');
  const count = sql<{ count: number }>`SELECT count(*)::int AS count FROM events WHERE occurred_at < '2023-05-01'`;
  expect((await count.execute(db())).rows).toEqual([{ count: 2 }]);

  await keepFrom('initech', '2023-06-01T00:00:00Z');
  expect(await drop()).toEqual({ dropped: 1, skipped: [] });
  expect(await state('events_2023_04')).toBe('none');
});

it('completes a drop that was killed during the detach, or between detach and drop', async () => {
  for (const month of ['2023-07', '2023-08']) {
    await sql`UPDATE retention_floors SET at = '2023-01-01' WHERE kind = 'events'`.execute(db());
    expect(await store(client, `${month}-10T00:00:00Z`, month)).toBe(201);
  }
  await sql`UPDATE retention_floors SET at = '2023-09-01' WHERE kind = 'events'`.execute(db());
  await sql`ALTER TABLE events DETACH PARTITION events_2023_08`.execute(db());
  await service.orm.em.fork().transactional(async (em) => {
    await sql`SELECT count(*) FROM events`.execute(dbOf(em));
    const killed = db()
      .connection()
      .execute(async (connection) => {
        await sql`SET statement_timeout = 500`.execute(connection);
        try {
          await sql`ALTER TABLE events DETACH PARTITION events_2023_07 CONCURRENTLY`.execute(connection);
        } finally {
          await sql`RESET statement_timeout`.execute(connection);
        }
      });
    await expect(killed).rejects.toThrow('statement timeout');
  });
  expect([await state('events_2023_07'), await state('events_2023_08')]).toEqual(['pending', 'detached']);
  expect(await drop()).toEqual({ dropped: 2, skipped: [] });
  expect([await state('events_2023_07'), await state('events_2023_08')]).toEqual(['none', 'none']);
});

it('recreates a dropped month for a write, although this API process has cached it', async () => {
  await sql`UPDATE retention_floors SET at = '2023-01-01' WHERE kind = 'events'`.execute(db());
  expect(await store(client, '2023-10-10T00:00:00Z', 'seen')).toBe(201);
  await sql`UPDATE retention_floors SET at = '2023-12-01' WHERE kind = 'events'`.execute(db());
  expect((await drop()).dropped).toBe(1);
  const umbrella = await service.clientFor('umbrella', 'admin');
  expect(await store(umbrella, '2023-10-10T00:00:00Z', 'anew')).toBe(201);
  const sent = { type: 'event', event_type: 'x', event_name: 'y', occurred_at: '2023-10-11T00:00:00Z' };
  await keepFrom('umbrella', '2023-12-01T00:00:00Z');
  expect((await drop()).dropped).toBe(1);
  await keepFrom('umbrella', '2023-01-01T00:00:00Z');
  const once = { 'idempotency-key': 'k' };
  expect((await umbrella.post('/batch', [sent], once)).json).toMatchObject({ accepted: 1 });
  expect((await umbrella.post('/batch', [sent], once)).json).toMatchObject({ accepted: 1 });
  expect(await ensurePartition(db(), 'events', '2023-10-01')).toBe(false);
});
