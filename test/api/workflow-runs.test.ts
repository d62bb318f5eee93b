import { randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunName } from '../../shared/contracts/runs.ts';
import { organisationAttribute, taskQueues } from '../../shared/temporal.ts';
import { closedRun, pathOf } from '../retention/scene.ts';
import type { ApiClient } from '../service/api-client.ts';
import { startService, type TestService } from '../service/service.ts';

/** A name that would break out of an unescaped string literal. */
const QUOTED = "o'brien\\' OR TidemarkOrganisation = 'acme-runs";

let service: TestService;
let idle: TestService;
let admin: ApiClient;
let operator: ApiClient;

beforeAll(async () => {
  service = await startService({ workers: true });
  idle = await startService({ workers: false });
  admin = await service.clientFor('acme-runs', 'admin');
  operator = await service.clientFor('acme-runs', 'operator');
});
afterAll(async () => {
  await Promise.all([service.close(), idle.close()]);
});

/** Polls: Temporal's visibility is eventually consistent. */
async function listed(client: ApiClient, query: string, count: number) {
  for (let attempt = 0; ; attempt += 1) {
    const { json } = await client.get(`/workflow-runs${query}`);
    if (json.data?.length >= count || attempt === 100) return json.data;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Starts a workflow on a queue without workers, so that it stays open. */
async function startWaiting(type: RunName, orgId: string | null): Promise<string> {
  const workflowId = `${type}/${randomUUID()}`;
  await idle.temporal.workflow.start(type, {
    workflowId,
    taskQueue: taskQueues(idle.config).general,
    args: [],
    typedSearchAttributes: orgId === null ? [] : [{ key: organisationAttribute, value: orgId }],
  });
  return workflowId;
}

it('starts, lists and returns a run', async () => {
  const started = await operator.post('/workflow-runs/retention', { dry_run: true });
  expect(started).toMatchObject({
    status: 202,
    json: {
      id: 'retention/acme-runs/dry-run',
      workflow_id: 'retention/acme-runs/dry-run',
      status: 'running',
      links: {
        self: '/api/v1/analytics/workflow-runs/retention%2Facme-runs%2Fdry-run',
        temporal_ui: expect.stringContaining('retention%2Facme-runs%2Fdry-run'),
      },
    },
  });
  const run = await closedRun(admin, started.json.workflow_id);
  expect(run.json).toMatchObject({
    run_id: started.json.run_id,
    type: 'retentionCleanup',
    status: 'completed',
    progress: { status: 'completed', dry_run: true },
    result: { dry_run: true, counts: {} },
    closed_at: expect.any(String),
  });
  expect(run.json.links.temporal_ui).toBeUndefined();
  expect(await listed(admin, '?type=retentionCleanup&status=completed', 1)).toMatchObject([
    { workflow_id: 'retention/acme-runs/dry-run', run_id: started.json.run_id, progress: null },
  ]);
  const { json } = await admin.get('/audit-log?action=workflow_run.started');
  expect(json.data).toMatchObject([{ target: 'retention/acme-runs/dry-run', details: { dry_run: true } }]);
});

it('repeats the first response for an Idempotency-Key, and rejects unknown fields and types', async () => {
  const headers = { 'idempotency-key': 'once' };
  const [one, two] = [
    await admin.post('/workflow-runs/retention', { dry_run: true }, headers),
    await admin.post('/workflow-runs/retention', { dry_run: true }, headers),
  ];
  expect(two.json).toEqual(one.json);
  expect((await admin.post('/workflow-runs/retention', { days: 1 })).json.errors[0].field).toBe('days');
  expect((await admin.post('/workflow-runs/nothing', {})).status).toBe(405);
});

it('pages through long lists and filters them', async () => {
  const client = await idle.clientFor('pages', 'admin');
  const ids = new Set<string>();
  for (let n = 0; n < 5; n += 1) ids.add(await startWaiting('backfill', 'pages'));
  expect(await listed(client, '', 5)).toHaveLength(5);
  const seen: string[] = [];
  let cursor: string | null = '';
  do {
    const page: { data: { workflow_id: string }[]; next_cursor: string | null } = (
      await client.get(`/workflow-runs?limit=2${cursor ? `&cursor=${cursor}` : ''}`)
    ).json;
    seen.push(...page.data.map((run) => run.workflow_id));
    cursor = page.next_cursor;
  } while (cursor);
  expect([seen.length, new Set(seen)]).toEqual([5, ids]);
  for (const bad of ['bm90aGluZw', Buffer.from('["runs","eHg="]').toString('base64url')]) {
    expect((await client.get(`/workflow-runs?cursor=${bad}`)).json.errors[0].field).toBe('cursor');
  }
  expect((await client.get('/workflow-runs?start_date=2020-01-01&end_date=2020-01-02')).json.data).toEqual([]);
  expect((await client.get('/workflow-runs?status=sleeping')).status).toBe(400);
  for (const status of ['running', 'completed', 'failed', 'cancelled', 'terminated', 'continued', 'timed_out']) {
    expect((await client.get(`/workflow-runs?status=${status}`)).status, status).toBe(200);
  }
  for (const workflowId of ids) await idle.temporal.workflow.getHandle(workflowId).terminate();
});

describe('another organisation', () => {
  it('cannot read, control or list a run, even by its id', async () => {
    const workflowId = await startWaiting('backfill', 'acme-runs');
    const own = await idle.clientFor('acme-runs', 'admin');
    expect((await own.get(pathOf(workflowId))).json).toMatchObject({
      status: 'running',
      type: 'backfill',
      progress: null,
    });
    for (const orgId of ['globex', QUOTED]) {
      for (const role of ['admin', 'operator'] as const) {
        const other = await idle.clientFor(orgId, role);
        expect((await other.get(pathOf(workflowId))).status).toBe(404);
        for (const control of ['cancel', 'pause', 'resume']) {
          expect((await other.post(`${pathOf(workflowId)}/${control}`)).status).toBe(404);
        }
        expect((await other.get('/workflow-runs')).json.data).toEqual([]);
        const splicing = encodeURIComponent("x' OR WorkflowType = 'backfill");
        expect((await other.get(`/workflow-runs?type=${splicing}`)).status).toBe(400);
      }
    }
    // The other installation has the same namespace and an organisation of the same name.
    expect((await admin.get(pathOf(workflowId))).status).toBe(404);
    expect(await listed(own, '', 1)).toMatchObject([{ workflow_id: workflowId }]);
    await idle.temporal.workflow.getHandle(workflowId).terminate();
  });

  it('with quotes in its name has runs of its own', async () => {
    const quoted = await service.clientFor(QUOTED, 'admin');
    const { json } = await quoted.post('/workflow-runs/retention', { dry_run: true });
    expect((await closedRun(quoted, json.workflow_id)).json.status).toBe('completed');
    expect(await listed(quoted, '', 1)).toMatchObject([{ workflow_id: json.workflow_id }]);
    expect((await admin.get(pathOf(json.workflow_id))).status).toBe(404);
  });
});

it('limits runs that span organisations to operators', async () => {
  const workflowId = await startWaiting('housekeeping', null);
  const [own, all] = [await idle.clientFor('acme-runs', 'admin'), await idle.clientFor('acme-runs', 'operator')];
  expect((await own.get(pathOf(workflowId))).status).toBe(404);
  expect((await all.get(pathOf(workflowId))).json).toMatchObject({ type: 'housekeeping', status: 'running' });
  expect(await listed(all, '?type=housekeeping', 1)).toMatchObject([{ workflow_id: workflowId }]);
  expect((await own.get('/workflow-runs?type=housekeeping')).json.data).toEqual([]);
  expect((await own.post(`${pathOf(workflowId)}/cancel`)).status).toBe(404);
  await idle.temporal.workflow.getHandle(workflowId).terminate();
});

it('pauses and resumes pausable runs, cancels any open run, and rejects control of closed runs with 409', async () => {
  const own = await idle.clientFor('acme-runs', 'admin');
  const workflowId = await startWaiting('backfill', 'acme-runs');
  for (const control of ['pause', 'resume', 'cancel']) {
    expect((await own.post(`${pathOf(workflowId)}/${control}`)).status).toBe(202);
  }
  const { events } = await idle.temporal.workflow.getHandle(workflowId).fetchHistory();
  const signals = (events ?? []).flatMap((event) => event.workflowExecutionSignaledEventAttributes?.signalName ?? []);
  expect(signals).toEqual(['pause', 'resume']);
  expect(events?.some((event) => event.workflowExecutionCancelRequestedEventAttributes)).toBe(true);
  await idle.temporal.workflow.getHandle(workflowId).terminate();
  expect((await own.post(`${pathOf(workflowId)}/cancel`)).status).toBe(409);

  const other = await startWaiting('retentionCleanup', 'acme-runs');
  expect((await own.post(`${pathOf(other)}/pause`)).status).toBe(409);
  await idle.temporal.workflow.getHandle(other).terminate();
  const { data } = (await own.get('/audit-log')).json;
  expect(data.map(({ action }: { action: string }) => action)).toEqual([
    'workflow_run.cancelled',
    'workflow_run.resumed',
    'workflow_run.paused',
  ]);
});

it('answers 503 with Retry-After while Temporal is unreachable, and starts nothing', async () => {
  // Accepts connections and never responds.
  const silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address();
  if (address === null || typeof address === 'string') throw new Error('The silent server has no port');
  const away = await startService({ workers: false, env: { TEMPORAL_ADDRESS: `127.0.0.1:${address.port}` } });
  try {
    const client = await away.clientFor('acme-runs', 'admin');
    const calls = [
      ['GET', '/workflow-runs'],
      ['GET', pathOf('retention/acme-runs/by-hand')],
      ['POST', '/workflow-runs/retention'],
      ['POST', `${pathOf('retention/acme-runs/by-hand')}/cancel`],
      ['POST', '/users/jane/erase'],
    ] as const;
    const answers = calls.map(async ([method, path]) => {
      const { status, headers } = await client.send(method, path, path.endsWith('retention') ? {} : undefined);
      return [path, status, headers.get('retry-after')];
    });
    expect(await Promise.all(answers)).toEqual(calls.map(([, path]) => [path, 503, '5']));
    expect((await client.get('/audit-log?action=workflow_run.started')).json.data).toEqual([]);
  } finally {
    await away.close();
    silent.close();
  }
});
