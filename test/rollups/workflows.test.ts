import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DailyRollupResult, RollupResult } from '../../shared/contracts/rollups.ts';
import type { RunName } from '../../shared/contracts/runs.ts';
import { dbOf } from '../../shared/db/orm.ts';
import { taskQueues } from '../../shared/temporal.ts';
import { eventually } from '../eventually.ts';
import type { ApiClient } from '../service/api-client.ts';
import { startService, type TestService } from '../service/service.ts';

let service: TestService;
beforeAll(async () => {
  service = await startService({ workers: true });
});
afterAll(() => service.close());

const dayMs = 86_400_000;
const dayBefore = (n: number) => new Date(Date.now() - n * dayMs).toISOString().slice(0, 10);

function run<Result>(type: RunName, workflowId: string, ...args: unknown[]): Promise<Result> {
  const { general } = taskQueues(service.config);
  return service.temporal.workflow.execute(type, { taskQueue: general, workflowId: `${general}/${workflowId}`, args });
}

/** Waits for a run that was started over HTTP. */
async function ended(client: ApiClient, id: string) {
  return eventually(`the end of ${id}`, 60_000, async () => {
    const { json } = await client.get(`/workflow-runs/${encodeURIComponent(id)}`);
    return ['running', 'paused'].includes(json.status) ? undefined : json;
  });
}

async function marks(orgId: string): Promise<number> {
  const { rows } = await sql<{
    count: string;
  }>`SELECT count(*) AS count FROM bucket_ledger WHERE org_id = ${orgId}`.execute(dbOf(service.orm.em.fork()));
  return Number(rows[0]?.count);
}

const execution = (day: string, n: number) => ({
  type: 'execution',
  execution_id: `${day}-${n}`,
  agent_id: `agent-${n % 2}`,
  user_id: `user-${n}`,
  status: n % 4 === 0 ? 'failure' : 'success',
  started_at: `${day}T12:0${n}:00Z`,
  ended_at: `${day}T12:0${n}:10Z`,
});

it('refreshes the dirty buckets of all organisations once', async () => {
  const admins = await Promise.all(['one', 'two', 'three'].map((org) => service.clientFor(org, 'admin')));
  for (const admin of admins)
    await admin.post(
      '/batch',
      [1, 2, 3].map((n) => execution(dayBefore(2), n)),
    );
  expect(await marks('two')).toBeGreaterThan(0);
  const first = await run<RollupResult>('rollup', 'first', { orgId: null });
  expect(first).toMatchObject({ failed: 0 });
  expect(first.buckets15m).toBeGreaterThanOrEqual(3);
  expect(await marks('two')).toBe(0);
  expect(await run('rollup', 'second', { orgId: null })).toEqual({ buckets15m: 0, chunks: 0, failed: 0 });
});

it('completes while telemetry keeps arriving', async () => {
  const admin = await service.clientFor('live', 'admin');
  let sending = true;
  const sender = (async () => {
    for (let n = 0; sending; n += 1)
      await admin.post('/batch', [{ type: 'event', event_type: 'x', event_name: `${n}` }]);
  })();
  const day = dayBefore(1);
  const { id } = (await admin.post('/workflow-runs/backfill', { start_date: day, end_date: day, force: true })).json;
  expect(await ended(admin, id)).toMatchObject({ status: 'completed' });
  expect(await ended(admin, (await admin.post('/workflow-runs/rollup', {})).json.id)).toMatchObject({
    status: 'completed',
  });
  sending = false;
  await sender;
});

it('continues with other organisations if the buckets of one fail, and keeps those dirty', async () => {
  const [good, bad] = [await service.clientFor('good', 'admin'), await service.clientFor('bad', 'admin')];
  const db = dbOf(service.orm.em.fork());
  await sql`ALTER TABLE rollup_executions ADD CONSTRAINT refused CHECK (org_id <> 'bad')`.execute(db);
  await bad.post('/batch', [execution(dayBefore(2), 1)]);
  await good.post('/batch', [execution(dayBefore(2), 1)]);
  const result = await run<RollupResult>('rollup', 'refused', { orgId: null });
  expect(result.failed).toBeGreaterThan(0);
  expect([await marks('good'), await marks('bad')]).toEqual([0, 1]);
  await sql`ALTER TABLE rollup_executions DROP CONSTRAINT refused`.execute(db);
  await run('rollup', 'mended', { orgId: null });
  expect(await marks('bad')).toBe(0);
});

it('closes each completed local day once, in the time zone of each organisation', async () => {
  const admin = await service.clientFor('daily', 'admin');
  await admin.patch('/settings', { time_zone: 'Pacific/Auckland' });
  // 23:00 in Auckland, regardless of DST.
  const { rows } = await sql<{ date: string; at: string }>`
    SELECT d::text AS date,
      to_char((d + time '23:00') AT TIME ZONE 'Pacific/Auckland' AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS at
    FROM (SELECT (now() AT TIME ZONE 'Pacific/Auckland')::date - 1 AS d) y`.execute(dbOf(service.orm.em.fork()));
  const { date, at } = rows[0] ?? { date: '', at: '' };
  await admin.post('/batch', [
    { type: 'execution', execution_id: 'x', agent_id: 'a', user_id: 'u', status: 'success', started_at: at },
    { type: 'event', event_type: 'view', event_name: 'page_view', user_id: 'v', occurred_at: at },
  ]);
  const closed = await run<DailyRollupResult>('dailyRollup', 'daily', {});
  expect(closed).toMatchObject({ failed: 0 });
  expect(closed.daysClosed).toBeGreaterThan(0);
  const { json } = await admin.get('/system-metrics?days=3');
  expect(json.data[0]).toMatchObject({
    date,
    total_executions: 1,
    total_events: 1,
    active_users: 2,
    new_users: 2,
    total_users: 2,
  });
  expect(json.range.time_zone).toBe('Pacific/Auckland');
  expect(await run('dailyRollup', 'again', {})).toMatchObject({
    daysClosed: 0,
  });
});

it('generates the requested days, skips existing ones, and regenerates them when forced', async () => {
  const admin = await service.clientFor('generating', 'admin');
  const day = dayBefore(3);
  await admin.post(
    '/batch',
    [1, 2].map((n) => execution(day, n)),
  );
  const generate = async (body: object) => {
    const { status, json } = await admin.post('/system-metrics/generate', body);
    expect(status).toBe(202);
    expect(json.links.self).toContain('/workflow-runs/');
    return ended(admin, json.id);
  };
  expect(await generate({ start_date: dayBefore(4), end_date: dayBefore(2) })).toMatchObject({
    status: 'completed',
    result: { days_done: 3, days_total: 3, days_generated: 3 },
  });
  await admin.post('/batch', [execution(day, 4)]);
  const executionsOf = async () => (await admin.get(`/system-metrics?start_date=${day}&end_date=${day}`)).json.data[0];
  expect(await generate({ date: day })).toMatchObject({ result: { days_generated: 0 } });
  expect(await executionsOf()).toMatchObject({
    total_executions: 2,
    error_rate: 0,
    p95_response_time_ms: expect.closeTo(10_000, -2),
    storage_bytes: expect.toSatisfy((bytes: number) => bytes > 200 && bytes < 2_000),
  });
  expect(await generate({ date: day, force: true })).toMatchObject({ result: { days_generated: 1 } });
  expect(await executionsOf()).toMatchObject({ total_executions: 3, error_rate: expect.closeTo(100 / 3) });
  const bounded = await admin.get(`/system-metrics?days=7&min_total_executions=0.5&max_error_rate=1e300`);
  expect(bounded.json.data).toHaveLength(1);
  const [newest, ...older] = (await admin.get('/system-metrics?days=7&limit=1')).json.data;
  expect([newest.date, older]).toEqual([dayBefore(2), []]);
  for (const body of [
    {},
    { date: day, end_date: day },
    { start_date: day },
    { start_date: day, end_date: dayBefore(5) },
    { date: '2026-13-01' },
  ]) {
    expect((await admin.post('/system-metrics/generate', body)).status).toBe(400);
  }
});

it('pauses, resumes and cancels a backfill between two days', async () => {
  const admin = await service.clientFor('backfilling', 'admin');
  const started = await admin.post('/workflow-runs/backfill', {
    start_date: dayBefore(300),
    end_date: dayBefore(1),
    force: true,
  });
  expect(started.status).toBe(202);
  const path = `/workflow-runs/${encodeURIComponent(started.json.id)}`;
  expect((await admin.post(`${path}/pause`)).status).toBe(202);
  const paused = async () => (await admin.get(path)).json.progress;
  await eventually('the pause', 10_000, async () => ((await paused())?.status === 'paused' ? true : undefined));
  // The current day completes first; without a pending activity the workflow is paused.
  const handle = service.temporal.workflow.getHandle(started.json.id);
  await eventually('the end of the current day', 10_000, async () => {
    const { raw } = await handle.describe();
    return raw.pendingActivities?.length || raw.pendingWorkflowTask ? undefined : true;
  });
  const before = await paused();
  expect(before.status).toBe('paused');
  expect(before.days_done).toBeLessThan(300);
  await admin.post(`${path}/resume`);
  await eventually('another day', 10_000, async () =>
    (await paused()).days_done > before.days_done ? true : undefined,
  );
  expect((await admin.post(`${path}/cancel`)).status).toBe(202);
  expect(await ended(admin, started.json.id)).toMatchObject({ status: 'cancelled' });
});

it('verifies an organisation, and reports differences', async () => {
  const admin = await service.clientFor('verified', 'admin');
  await admin.post(
    '/batch',
    [1, 2, 3].map((n) => execution(dayBefore(2), n)),
  );
  const clean = await ended(admin, (await admin.post('/workflow-runs/verify', {})).json.id);
  expect(clean.result).toMatchObject({ organisations: 1, difference_count: 0, differences: [] });
  expect(clean.result.days_checked).toBeGreaterThan(0);
  await sql`UPDATE rollup_executions SET count = count + 1 WHERE org_id = 'verified' AND grain_seconds = 86400`.execute(
    dbOf(service.orm.em.fork()),
  );
  const found = await ended(admin, (await admin.post('/workflow-runs/verify', {})).json.id);
  expect(found.result.difference_count).toBe(1);
  expect(found.result.differences[0]).toMatchObject({ table: 'rollup_executions', grain: 'day', day: dayBefore(2) });
  // A forced backfill repairs the difference.
  const day = dayBefore(2);
  await ended(
    admin,
    (await admin.post('/workflow-runs/backfill', { start_date: day, end_date: day, force: true })).json.id,
  );
  expect((await ended(admin, (await admin.post('/workflow-runs/verify', {})).json.id)).result.difference_count).toBe(0);
});
