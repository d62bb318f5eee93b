import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dbOf } from '../../shared/db/orm.ts';
import { reportFileKey } from '../../shared/storage/storage.ts';
import type { ApiClient } from '../service/api-client.ts';
import { startService, type TestService } from '../service/service.ts';
import { closedRun, daysAgo, recordsOf, rowCounts } from './scene.ts';

let service: TestService;
beforeAll(async () => {
  service = await startService({ workers: true });
});
afterAll(() => service.close());

async function organisation(orgId: string) {
  const client = await service.clientFor(orgId, 'admin');
  const people = [
    { type: 'user', user_id: 'jane', name: 'Jane' },
    { type: 'user', user_id: 'john', name: 'John' },
    { type: 'agent', agent_id: 'a', created_by: 'jane' },
  ];
  const records = [...recordsOf([1, 40], 'jane'), ...recordsOf([1, 40], 'john'), ...people];
  expect((await client.post('/batch', records)).json).toMatchObject({ accepted: records.length });
  return client;
}

async function erase(client: ApiClient, user: string) {
  const asked = await client.post(`/users/${user}/erase`);
  expect(asked.status).toBe(202);
  await closedRun(client, asked.json.workflow_id);
  return (await client.get(`/erasures/${asked.json.id}`)).json;
}

/** Counts the rows of a table that contain a text in any column. */
async function mentions(table: string, orgId: string, text: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    SELECT count(*)::int AS count FROM ${sql.table(table)} t
    WHERE org_id = ${orgId} AND to_jsonb(t)::text LIKE ${`%${text}%`}`.execute(dbOf(service.orm.em.fork()));
  return rows[0]?.count ?? -1;
}

it('removes every trace of one user only, and issues a receipt', async () => {
  const client = await organisation('acme');
  await organisation('neighbour');
  const db = dbOf(service.orm.em.fork());
  await sql`INSERT INTO user_rollup (org_id, kind, day, user_id, quarter_hours, counts, amounts, first_ms, last_ms, count)
    SELECT 'acme', 'events', '2026-01-01', user_id, '{1}', '{7}', '{}', '{}', '{}', 7 FROM unnest(ARRAY['jane', 'john']) AS user_id`.execute(
    db,
  );
  await sql`INSERT INTO known_users (org_id, user_id, first_seen) VALUES ('acme', 'jane', now()), ('acme', 'john', now())`.execute(
    db,
  );
  await sql`DELETE FROM bucket_ledger WHERE org_id = 'acme'`.execute(db);
  const about = {
    name: 'of one',
    report_type: 'executions',
    format: 'csv',
    parameters: { period: '60d', user_id: 'jane' },
  };
  const report = (await client.report(about)).json;
  const apart = (
    await client.report({ ...about, name: 'apart', parameters: { start_date: '2026-01-01', end_date: '2026-01-02' } })
  ).json;
  await client.post(
    '/events',
    { event_type: 'x', event_name: 'y', user_id: 'jane', event_id: 'once' },
    { 'idempotency-key': 'k' },
  );
  await client.post('/batch', recordsOf([1], 'jane'));

  const receipt = await erase(client, 'jane');
  expect(receipt).toMatchObject({
    status: 'completed',
    user_ref: expect.stringMatching(/^anon_/),
    requested_by: 'admin of acme',
    error: null,
    removed: {
      events: 3,
      executions: 2,
      tool_usages: 2,
      ai_usage: 2,
      sessions: 2,
      agent_workflows: 2,
      api_calls: 2,
      errors: 2,
      users: 1,
      user_rollup: 1,
      known_users: 1,
      idempotency_answers: 1,
      agents_created_by: 1,
      report_files: 1,
      report_parameters: 1,
    },
  });
  const two = {
    events: 2,
    executions: 2,
    tool_usages: 2,
    ai_usage: 2,
    sessions: 2,
    agent_workflows: 2,
    api_calls: 2,
    errors: 2,
  };
  expect(await rowCounts(service, 'acme')).toEqual(two);
  expect(await mentions('events', 'acme', 'john')).toBe(2);
  expect((await rowCounts(service, 'neighbour')).events).toBe(4);
  for (const table of [
    'events',
    'executions',
    'users',
    'user_rollup',
    'known_users',
    'agents',
    'reports',
    'erasures',
    'audit_log',
    'fact_keys',
    'idempotency_keys',
  ]) {
    expect(await mentions(table, 'acme', 'jane'), table).toBe(0);
  }
  // The touched buckets are marked for a refresh.
  const { rows } = await sql<{ kind: string; buckets: number }>`
    SELECT kind, count(DISTINCT bucket)::int AS buckets FROM bucket_ledger WHERE org_id = 'acme' GROUP BY kind ORDER BY kind`.execute(
    db,
  );
  expect(rows.filter(({ kind }) => kind !== 'events').every(({ buckets }) => buckets === 2)).toBe(true);
  expect(rows.map(({ kind }) => kind)).toEqual(Object.keys(two).sort());

  expect((await client.get(`/reports/${report.id}/download`)).status).toBe(410);
  expect((await client.get(`/reports/${report.id}`)).json.error.code).toBe('USER_ERASED');
  expect(await service.storage.size(reportFileKey('acme', report.id, report.file.name))).toBeNull();
  expect((await client.get(`/reports/${apart.id}/download`)).status).toBe(200);
  const { data } = (await client.get('/audit-log')).json;
  expect(data.map(({ action }: { action: string }) => action)).toEqual(
    expect.arrayContaining(['user.erasure_requested', 'user.erased']),
  );
  expect(await payloadsOf(receipt.workflow_id)).not.toContain('jane');

  // Records sent later are new data, which a second erasure removes.
  expect((await client.post('/events', { event_type: 'x', event_name: 'y', user_id: 'jane' })).status).toBe(201);
  const second = await erase(client, 'jane');
  expect(second.id).not.toBe(receipt.id);
  expect(second.removed).toMatchObject({ events: 1 });
});

/** All payloads of a workflow's history, as text. */
async function payloadsOf(workflowId: string): Promise<string> {
  const { events } = await service.temporal.workflow.getHandle(workflowId).fetchHistory();
  const text = textsIn(events).join('\n');
  expect(text).toContain('"acme"');
  return text;
}

function textsIn(node: unknown): string[] {
  if (node instanceof Uint8Array) return [Buffer.from(node).toString('utf8')];
  return typeof node === 'object' && node !== null ? Object.values(node).flatMap(textsIn) : [];
}

it('marks no bucket before the retention floor', async () => {
  const client = await organisation('floored');
  const db = dbOf(service.orm.em.fork());
  await sql`UPDATE retention_floors SET at = ${daysAgo(30)} WHERE org_id = 'floored' AND kind = 'events'`.execute(db);
  await sql`DELETE FROM bucket_ledger WHERE org_id = 'floored'`.execute(db);
  expect((await erase(client, 'jane')).removed.events).toBe(2);
  const { rows } =
    await sql`SELECT DISTINCT bucket FROM bucket_ledger WHERE org_id = 'floored' AND kind = 'events'`.execute(db);
  expect(rows).toHaveLength(1);
});

it('erases records stored under a pseudonym and before anonymisation was enabled', async () => {
  const client = await organisation('private');
  await client.patch('/settings', { privacy: { anonymise_user_ids: true } });
  await client.post(
    '/batch',
    recordsOf([2], 'jane').map((record) => ('event_id' in record ? { ...record, event_id: 'p' } : record)),
  );
  expect((await erase(client, 'jane')).removed.events).toBe(3);
  expect((await rowCounts(service, 'private')).events).toBe(2);
});

it('joins a running erasure, and keeps receipts of users and organisations apart', async () => {
  const idle = await startService({ workers: false });
  try {
    const client = await idle.clientFor('acme', 'admin');
    const [one, two] = [await client.post('/users/jane/erase'), await client.post('/users/jane/erase')];
    expect([one.status, two.status, two.json.id]).toEqual([202, 202, one.json.id]);
    expect((await client.post('/users/john/erase')).json.id).not.toBe(one.json.id);
    const other = await idle.clientFor('globex', 'admin');
    expect((await other.get(`/erasures/${one.json.id}`)).status).toBe(404);
    await client.patch('/settings', { legal_hold: true });
    const held = await client.post('/users/jack/erase');
    expect([held.status, held.json.title]).toEqual([409, expect.stringContaining('legal hold')]);
    // The next call resumes a terminated erasure.
    const ended = idle.temporal.workflow.getHandle(one.json.workflow_id);
    await ended.terminate();
    await client.patch('/settings', { legal_hold: false });
    expect((await client.post('/users/jane/erase')).json.id).toBe(one.json.id);
    expect((await ended.describe()).status.name).toBe('RUNNING');
    await ended.terminate();
  } finally {
    await idle.close();
  }
});

it('erases nothing if a legal hold is set before it starts', async () => {
  const client = await organisation('caught');
  const db = dbOf(service.orm.em.fork());
  const before = await rowCounts(service, 'caught');
  // Simulates a hold set between the call and the first step of the workflow.
  await sql`CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE organisations SET legal_hold = true WHERE org_id = NEW.org_id; RETURN NEW; END $$`.execute(db);
  await sql`CREATE TRIGGER hold AFTER INSERT ON erasures FOR EACH ROW
    WHEN (NEW.org_id = 'caught') EXECUTE FUNCTION hold()`.execute(db);
  const receipt = await erase(client, 'jane');
  expect(receipt).toMatchObject({ status: 'failed', error: expect.stringContaining('legal hold'), removed: {} });
  expect(await rowCounts(service, 'caught')).toEqual(before);
});
