import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { silentReporter } from '../../cli/stack/reporter.ts';
import { startStack } from '../../cli/stack/stack.ts';
import { findTemporal } from '../../cli/stack/temporal-command.ts';
import { createTemporalClient, createTemporalConnection } from '../../shared/temporal.ts';

const run = promisify(execFile);
const folder = fileURLToPath(new URL('./histories', import.meta.url));

/**
 * Runs every workflow once on its own stack and saves the histories, which the tests replay against the current workflow
 * code. (The SDK reads them only with a single copy of protobufjs, hence that dependency.) Record again when a workflow
 * is added; a changed workflow must still replay the old histories (`patched`).
 */
async function main(): Promise<void> {
  const place = await mkdtemp(join(tmpdir(), 'tidemark-histories-'));
  const env = { ...process.env, REPORT_PART_ROWS: '100' };
  const stack = await startStack({ folder: join(place, 'stack'), port: 0, quiet: true, env });
  const address = {
    TEMPORAL_ADDRESS: stack.dev.temporal_address,
    TEMPORAL_NAMESPACE: 'default',
    TEMPORAL_TLS: false,
    TEMPORAL_API_KEY: undefined,
  };
  const signal = new AbortController().signal;
  const temporal = await findTemporal({ env: process.env, report: silentReporter, signal });
  const connection = createTemporalConnection(address);
  const client = createTemporalClient(connection, address);
  try {
    await doEverything(stack.dev.api_url, stack.dev.admin_key, join(place, 'stack'), place);
    for await (const { scheduleId } of client.schedule.list()) await client.schedule.getHandle(scheduleId).trigger();
    await sleep(15_000);
    await mkdir(folder, { recursive: true });
    const seen = new Map<string, number>();
    for await (const { type, workflowId, runId, status } of client.workflow.list()) {
      if (status.name === 'RUNNING') continue;
      const name = `${type}-${status.name.toLowerCase()}`;
      const count = seen.get(name) ?? 0;
      if (count >= 2) continue;
      seen.set(name, count + 1);
      const anonymous = await historyOf(temporal, address.TEMPORAL_ADDRESS, workflowId, runId);
      await writeFile(join(folder, `${name}-${count + 1}.json`), `${JSON.stringify(anonymous)}\n`);
    }
    process.stdout.write(`${[...seen.keys()].sort().join('\n')}\n`);
  } finally {
    await connection.close();
    await stack.stop();
    await rm(place, { recursive: true, force: true });
  }
}

async function doEverything(apiUrl: string, key: string, stackFolder: string, place: string): Promise<void> {
  const call = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${apiUrl}/api/v1/analytics${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    const answer: { id?: string } = response.status === 204 ? {} : Object(await response.json());
    return answer;
  };
  const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString();
  const records = Array.from({ length: 450 }, (_, n) => ({
    type: 'event',
    event_id: `event-${n}`,
    event_type: 'action',
    event_name: 'login',
    user_id: `user-${n % 5}`,
    occurred_at: day(n / 100),
  }));
  await call('POST', '/batch', records);
  const report = { name: 'r', report_type: 'events', parameters: { days: 30 } };
  for (const format of ['csv', 'xlsx']) await call('POST', '/reports', { ...report, format });
  const cancelled = await call('POST', '/reports', { ...report, format: 'xlsx' });
  await call('POST', `/reports/${cancelled.id}/cancel`);
  const span = { start_date: day(3).slice(0, 10), end_date: day(1).slice(0, 10) };
  const backfill = await call('POST', '/workflow-runs/backfill', { ...span, force: true });
  const path = `/workflow-runs/${encodeURIComponent(backfill.id ?? '')}`;
  await call('POST', `${path}/pause`);
  await sleep(1_000);
  await call('POST', `${path}/resume`);
  const other = await call('POST', '/workflow-runs/backfill', { start_date: '2026-01-01', end_date: '2026-06-30' });
  await sleep(1_000);
  await call('POST', `/workflow-runs/${encodeURIComponent(other.id ?? '')}/cancel`);
  for (const name of ['rollup', 'verify']) await call('POST', `/workflow-runs/${name}`, {});
  await call('POST', '/workflow-runs/retention', { dry_run: true });
  await call('PATCH', '/settings', { retention: { events: 3 } });
  await call('POST', '/workflow-runs/retention', {});
  const file = join(place, 'import.ndjson');
  await writeFile(file, `${JSON.stringify({ type: 'event', event_type: 'x', event_name: 'y' })}\n`);
  const cli = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
  await run(process.execPath, [cli, 'import', file, '--folder', stackFolder]);
  await sleep(3_000);
  await call('POST', '/users/user-1/erase', {});
  await sleep(3_000);
}

/** In the JSON format of the Temporal CLI, which the SDK reads but cannot write. */
async function historyOf(temporal: string, address: string, workflowId: string, runId: string): Promise<unknown> {
  const args = ['workflow', 'show', '--output', 'json', '--address', address, '-w', workflowId, '-r', runId];
  const { stdout } = await run(temporal, args, { maxBuffer: 1 << 28 });
  return JSON.parse(stdout, withoutPlaces);
}

/** Removes the host names and users that recorded the histories. */
function withoutPlaces(name: string, value: unknown): unknown {
  if (name === 'identity') return 'worker';
  const isQueue = typeof value === 'object' && value !== null && 'kind' in value && 'normalName' in value;
  return isQueue && value.kind === 'TASK_QUEUE_KIND_STICKY' ? { ...value, name: 'sticky' } : value;
}

await main();
