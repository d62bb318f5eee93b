import proto from '@temporalio/proto';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dbOf } from '../../shared/db/orm.ts';
import { reportFileKey } from '../../shared/storage/storage.ts';
import { eventually } from '../eventually.ts';
import { startService, type TestService } from '../service/service.ts';
import { clean, closedRun, daysAgo, pathOf, recordsOf, rowCounts } from './scene.ts';

const CANCEL_REQUESTED = proto.temporal.api.enums.v1.PendingActivityState.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED;

let service: TestService;
beforeAll(async () => {
  service = await startService({ workers: true });
});
afterAll(() => service.close());

async function organisation(orgId: string, ages: readonly number[] = [1, 20, 50]) {
  const client = await service.clientFor(orgId, 'admin');
  const { json } = await client.post('/batch', recordsOf(ages));
  expect(json).toMatchObject({ accepted: ages.length * 8, rejected: 0 });
  return client;
}

async function sqlCount(query: ReturnType<typeof sql<{ count: number }>>): Promise<number> {
  const { rows } = await query.execute(dbOf(service.orm.em.fork()));
  return rows[0]?.count ?? -1;
}

it('keeps everything without a retention policy', async () => {
  const client = await organisation('keeper');
  const { json } = await client.get('/settings');
  expect(json).toMatchObject({ legal_hold: false, storage_price_usd_per_gb_month: null, retention: { events: null } });
  expect(await clean(client)).toMatchObject({ status: 'completed', result: { status: 'completed', counts: {} } });
  expect((await rowCounts(service, 'keeper')).events).toBe(3);
});

it('removes the rows before the cut-off of each kind, in one organisation only', async () => {
  const other = await organisation('neighbour');
  const before = await rowCounts(service, 'neighbour');
  const client = await organisation('acme');
  await client.patch('/settings', { retention: { events: 30, executions: 10, ai_usage: 60 } });
  const run = await clean(client);
  expect(run).toMatchObject({
    type: 'retentionCleanup',
    status: 'completed',
    result: {
      counts: { events: { rows: 1 }, executions: { rows: 2 }, tool_usages: { rows: 2 }, ai_usage: { rows: 0 } },
    },
  });
  expect(await rowCounts(service, 'acme')).toMatchObject({
    events: 2,
    executions: 1,
    tool_usages: 1,
    ai_usage: 3,
    sessions: 3,
    errors: 3,
  });
  expect(await rowCounts(service, 'neighbour')).toEqual(before);
  expect((await other.get('/settings')).json.retention.events).toBeNull();
  expect((await client.get('/audit-log?action=retention.cleaned')).json.data).toMatchObject([
    {
      actor: 'admin of acme',
      target: run.workflow_id,
      details: { status: 'completed', removed: { events: 1, executions: 2, tool_usages: 2, ai_usage: 0 } },
    },
  ]);
});

it('rejects late records below the floor, and removes the dirty buckets below it', async () => {
  const client = await organisation('late');
  const marks = sql<{ count: number }>`
    SELECT count(*)::int AS count FROM bucket_ledger
    WHERE org_id = 'late' AND kind = 'events' AND bucket < ${daysAgo(30)}::timestamptz`;
  await client.patch('/settings', { retention: { events: 30 } });
  await clean(client);
  expect(await sqlCount(marks)).toBe(0);
  const late = await client.post('/batch', [
    { type: 'event', event_type: 'x', event_name: 'y', occurred_at: daysAgo(31) },
    { type: 'event', event_type: 'x', event_name: 'y', occurred_at: daysAgo(29) },
  ]);
  expect(late.json).toMatchObject({ accepted: 1, rejected: 1, errors: [{ index: 0, field: 'occurred_at' }] });
});

it('purges nothing under legal hold, and reports it', async () => {
  const client = await organisation('held');
  await client.patch('/settings', { legal_hold: true, retention: { events: 1, executions: 1 } });
  const before = await rowCounts(service, 'held');
  expect(await clean(client)).toMatchObject({ result: { status: 'held', legal_hold: true, counts: {} } });
  expect(await rowCounts(service, 'held')).toEqual(before);
  const late = await client.post('/events', { event_type: 'x', event_name: 'y', occurred_at: daysAgo(300) });
  expect(late.status).toBe(201);
});

it('counts the rows to remove in a dry run, and changes nothing', async () => {
  const client = await organisation('dry');
  await client.patch('/settings', {
    retention: { events: 30, executions: 10, rollups: 1, reports: 1, system_samples: 1 },
  });
  const before = await rowCounts(service, 'dry');
  const { result } = await clean(client, { dry_run: true });
  expect(result).toMatchObject({
    dry_run: true,
    counts: { events: { rows: 1 }, executions: { rows: 2 }, tool_usages: { rows: 2 }, reports: { rows: 0 } },
  });
  expect(result.counts.executions.bytes_estimated).toBeGreaterThan(100);
  expect(await rowCounts(service, 'dry')).toEqual(before);
  expect((await client.post('/events', { event_type: 'x', event_name: 'y', occurred_at: daysAgo(31) })).status).toBe(
    201,
  );
  expect((await client.get('/audit-log?action=retention.cleaned')).json.data).toEqual([]);
  expect((await clean(client)).result.counts.executions.rows).toBe(result.counts.executions.rows);
});

it('removes rollups, closed days and reports by their own policies', async () => {
  const client = await organisation('derived', []);
  const db = dbOf(service.orm.em.fork());
  const days = [daysAgo(40), daysAgo(5)].map((at) => at.slice(0, 10));
  for (const day of days) {
    await sql`INSERT INTO rollup_errors (org_id, grain_seconds, bucket, count) VALUES ('derived', 86400, ${day}::timestamptz, 7)`.execute(
      db,
    );
    await sql`INSERT INTO user_rollup (org_id, kind, day, user_id, quarter_hours, counts, amounts, first_ms, last_ms, count)
      VALUES ('derived', 'errors', ${day}::date, 'jane', '{1}', '{7}', '{}', '{}', '{}', 7)`.execute(db);
    await sql`INSERT INTO system_metrics_days (org_id, date, time_zone, total_users, active_users, new_users, total_events,
        total_executions, total_errors, storage_bytes, generated_at)
      VALUES ('derived', ${day}::date, 'UTC', 0, 0, 0, 0, 0, 0, 0, now())`.execute(db);
  }
  const old = (await client.report({ name: 'old', report_type: 'events', format: 'csv' })).json;
  const fresh = (await client.report({ name: 'fresh', report_type: 'events', format: 'csv' })).json;
  await sql`UPDATE reports SET created_at = now() - interval '40 days' WHERE org_id = 'derived' AND id = ${old.id}`.execute(
    db,
  );
  await client.patch('/settings', { retention: { rollups: 30, system_samples: 30, reports: 30 } });
  expect((await clean(client)).result.counts).toMatchObject({
    rollups: { rows: 2 },
    system_samples: { rows: 1 },
    reports: { rows: 1 },
  });
  for (const table of ['rollup_errors', 'user_rollup', 'system_metrics_days']) {
    const left = sql<{
      count: number;
    }>`SELECT count(*)::int AS count FROM ${sql.table(table)} WHERE org_id = 'derived'`;
    expect(await sqlCount(left), table).toBe(1);
  }
  expect([(await client.get(`/reports/${old.id}`)).status, (await client.get(`/reports/${fresh.id}`)).status]).toEqual([
    404, 200,
  ]);
  expect(await service.storage.size(reportFileKey('derived', old.id, old.file.name))).toBeNull();
  expect(await service.storage.size(reportFileKey('derived', fresh.id, fresh.file.name))).not.toBeNull();
});

const MANY = 30_000;

/** An organisation with six batches to remove. */
async function organisationWithMany(orgId: string) {
  const client = await service.clientFor(orgId, 'admin');
  const occurred_at = daysAgo(40);
  for (let from = 0; from < MANY; from += 10_000) {
    const records = Array.from({ length: 10_000 }, (_, n) => ({
      type: 'event',
      event_id: `e${from + n}`,
      event_type: 'x',
      event_name: 'y',
      occurred_at,
    }));
    expect((await client.post('/batch', records)).json.accepted).toBe(10_000);
  }
  await client.patch('/settings', { retention: { events: 30 } });
  return client;
}

function eventsLeft(orgId: string): Promise<number> {
  return sqlCount(sql<{ count: number }>`SELECT count(*)::int AS count FROM events WHERE org_id = ${orgId}`);
}

async function untilLeft(orgId: string, isReached: (left: number) => boolean): Promise<void> {
  await eventually(`the removal of events of ${orgId}`, 60_000, async () =>
    isReached(await eventsLeft(orgId)) ? true : undefined,
  );
}

/** A cancellation reaches an activity with its next heartbeat. */
async function untilCancellationDelivered(workflowId: string): Promise<void> {
  const handle = service.temporal.workflow.getHandle(workflowId);
  let requestedAtHeartbeat: number | undefined;
  await eventually('a heartbeat after the cancellation', 30_000, async () => {
    const { raw } = await handle.describe();
    const activity = raw.pendingActivities?.[0];
    const heartbeat =
      Number(activity?.lastHeartbeatTime?.seconds ?? 0) * 1e9 + (activity?.lastHeartbeatTime?.nanos ?? 0);
    if (activity?.state !== CANCEL_REQUESTED) return undefined;
    requestedAtHeartbeat ??= heartbeat;
    return heartbeat > requestedAtHeartbeat ? true : undefined;
  });
}

it('continues after a run that was terminated between batches', async () => {
  const client = await organisationWithMany('many');
  const { json } = await client.post('/workflow-runs/retention', {});
  await untilLeft('many', (left) => left < MANY);
  await service.temporal.workflow.getHandle(json.workflow_id).terminate('killed in the middle');
  expect((await closedRun(client, json.workflow_id)).json.status).toBe('terminated');
  // Whole batches are removed, with their keys; the floor is already raised.
  expect(((await rowCounts(service, 'many')).events ?? 1) % 5_000).toBe(0);
  const late = { event_type: 'x', event_name: 'y', occurred_at: daysAgo(31) };
  expect((await client.post('/events', late)).status).toBe(400);
  expect((await clean(client)).status).toBe('completed');
  expect((await rowCounts(service, 'many')).events).toBe(0);
});

it('stops between batches when cancelled, and reports the rows removed so far', async () => {
  const client = await organisationWithMany('stopped');
  const { json } = await service.orm.em.fork().transactional(async (em) => {
    // Locks a row of the third batch until the cancellation is delivered.
    await sql`SELECT FROM events WHERE org_id = 'stopped' AND event_id = (
      SELECT event_id FROM events WHERE org_id = 'stopped' ORDER BY occurred_at, event_id LIMIT 1 OFFSET 12000
    ) FOR UPDATE`.execute(dbOf(em));
    const started = await client.post('/workflow-runs/retention', {});
    await untilLeft('stopped', (left) => left === MANY - 10_000);
    expect((await client.post(`${pathOf(started.json.workflow_id)}/cancel`)).status).toBe(202);
    await untilCancellationDelivered(started.json.workflow_id);
    return started;
  });
  const { json: run } = await closedRun(client, json.workflow_id);
  expect(run).toMatchObject({
    status: 'cancelled',
    progress: { status: 'cancelled', counts: { events: { rows: 15_000 } } },
  });
  expect((await rowCounts(service, 'stopped')).events).toBe(15_000);
  const noted = async () => (await client.get('/audit-log?action=retention.cleaned')).json.data;
  expect(await noted()).toMatchObject([{ details: { status: 'cancelled', removed: { events: 15_000 } } }]);
  expect((await clean(client)).result.counts.events.rows).toBe(15_000);
  expect(await noted()).toHaveLength(2);
});

it('stops at once when a legal hold is set during the run', async () => {
  const client = await organisationWithMany('caught');
  const { json } = await client.post('/workflow-runs/retention', {});
  await untilLeft('caught', (left) => left < MANY);
  expect((await client.patch('/settings', { legal_hold: true })).status).toBe(200);
  const left = await eventsLeft('caught');
  const { json: run } = await closedRun(client, json.workflow_id);
  expect(await eventsLeft('caught')).toBe(left);
  if (left > 0) expect(run.result).toMatchObject({ status: 'held', counts: { events: { rows: MANY - left } } });
});
