import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { sendFinishedMonth } from './base-data.ts';
import { differencesFrom } from './facts.ts';
import { holdInserts, holdReport, installGates } from './hold.ts';
import { kill9, type Service } from './kill.ts';
import { firstCells, openReports, type ReportResult, requestReport, resultOf, strayFiles } from './report.ts';
import { REQUESTS, type RequestName } from './requests.ts';
import { ORG, openScene, type Scene } from './scene.ts';
import { assembleSlowly } from './slow-part.ts';
import { Telemetry } from './telemetry.ts';

/** Notice of a worker's death takes its activities' heartbeat time-out, 10 s, and the workflow's sticky queue's, 10 s. */
const COMPLETED_WITHIN_MS = 120_000;

// On a machine that is busy with other tests too, a stack takes its time to come back.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

let scene: Scene;
let telemetry: Telemetry;
const undisturbed = new Map<RequestName, ReportResult>();
/** Reports that a kill left to wait for a time-out of half a minute; other kills need not wait for it. */
const patient: { request: RequestName; id: string }[] = [];

const ask = (request: RequestName, key: string) => requestReport(scene.admin, REQUESTS[request], key);

async function expectAsUndisturbed(request: RequestName, id: string): Promise<void> {
  const { sha256, rows } = await resultOf(scene.admin, id, COMPLETED_WITHIN_MS);
  expect({ request, sha256, rows }).toEqual({ request, ...undisturbed.get(request) });
}

beforeAll(async () => {
  // The smallest parts there are, so that a report has dozens.
  scene = await openScene({ REPORT_PART_ROWS: '100', REPORT_PARALLEL_PARTS: '2' });
  await sendFinishedMonth(scene, 15_000);
  await installGates(scene);
  telemetry = new Telemetry(scene.ingest);
  telemetry.start(3);
});

afterAll(async () => {
  await telemetry?.stop().catch(() => undefined);
  await scene?.close();
});

test.each([
  ['executions', 'executions', 'execution_id', 'started_at', ''],
  ['aiUsage', 'ai_usage', 'usage_id', 'occurred_at', ''],
  ['events', 'events', 'event_id', 'occurred_at', ''],
  ['sessions', 'sessions', 'session_id', 'started_at', ''],
  [
    'toolUsages',
    'tool_usages',
    'usage_id',
    'started_at',
    `AND EXISTS (SELECT FROM executions e WHERE e.org_id = t.org_id AND e.execution_id = t.execution_id AND e.agent_id = ANY ($4))`,
  ],
] as const)('undisturbed, the report %s holds the facts of its range', async (request, table, id, time, filter) => {
  const { parameters } = REQUESTS[request];
  const result = await resultOf(scene.admin, await ask(request, `undisturbed-${request}`), COMPLETED_WITHIN_MS, {
    withContent: true,
  });
  const stored = await scene.rows(
    z.object({ id: z.string() }),
    `SELECT ${id} AS id FROM ${table} t WHERE org_id = $1 AND ${time} >= $2 AND ${time} < $3 ${filter} ORDER BY ${time}, ${id}`,
    [ORG, parameters.start_date, parameters.end_date, ...(filter ? [parameters.agent_ids] : [])],
  );
  expect(firstCells(result.content.toString('utf8'))).toEqual(stored.map((row) => row.id));
  expect(result.rows).toBe(stored.length);
  expect(stored.length).toBeGreaterThan(400);
  undisturbed.set(request, { sha256: result.sha256, rows: result.rows });
});

test('the worker is killed with a report in each phase', async () => {
  const holds = {
    sessions: await holdReport(scene, REQUESTS.sessions.name, 'planning'),
    executions: await holdReport(scene, REQUESTS.executions.name, 'writing'),
    aiUsage: await holdReport(scene, REQUESTS.aiUsage.name, 'part-7'),
    toolUsages: await holdReport(scene, REQUESTS.toolUsages.name, 'done'),
  };
  const held = await Promise.all(
    (['sessions', 'executions', 'aiUsage', 'toolUsages'] as const).map(async (request) => {
      // The hold has the report's row, and with it the answer where the worker is faster than the API.
      const answer = ask(request, `worker-${request}`);
      await holds[request].reached();
      return { request, answer };
    }),
  );
  const assembly = await assembleSlowly(scene, REQUESTS.events, 'worker-events');
  await kill9(scene.stack, 'worker');
  assembly.stop();
  assembly.giveBack();
  // The part's file is there and nobody knows; of the others the last words arrive after their sender's death.
  await holds.aiUsage.undo();
  for (const hold of [holds.sessions, holds.executions, holds.toolUsages]) await hold.release();
  const begun = await Promise.all(held.map(async ({ request, answer }) => ({ request, id: await answer })));
  patient.push(...begun.filter(({ request }) => request === 'sessions' || request === 'toolUsages'));
  for (const { request, id } of [...begun, { request: 'events', id: assembly.id } as const]) {
    if (!patient.some((other) => other.id === id)) await expectAsUndisturbed(request, id);
  }
});

test('the API is killed in the middle of batches, again and again', async () => {
  for (const table of ['ai_usage', 'events']) {
    await killInTheMiddleOfBatches('api', table);
  }
  await expectAsUndisturbed('executions', await ask('executions', 'api'));
});

test.each(['postgres', 'temporal'] as const)(
  '%s is killed in the middle of batches and of a report',
  async (service) => {
    const hold = await holdReport(scene, REQUESTS.aiUsage.name, 'part-7');
    const id = await ask('aiUsage', `${service}-in-the-middle`);
    await hold.reached();
    await killInTheMiddleOfBatches(service, 'ai_usage');
    // Asked of a server that is not back yet: refused until it is, and then begun once.
    const next = await ask('events', `${service}-while-away`);
    await hold.release();
    await expectAsUndisturbed('aiUsage', id);
    await expectAsUndisturbed('events', next);
  },
);

test('the reports that had to wait for a time-out are as undisturbed', async () => {
  expect(patient).toHaveLength(2);
  for (const { request, id } of patient) await expectAsUndisturbed(request, id);
});

test('every acknowledged record is there exactly once', async () => {
  const acknowledged = await telemetry.stop();
  expect(acknowledged.records).toBeGreaterThan(1_000);
  expect(await differencesFrom(acknowledged, scene)).toEqual([]);
  // Away is not broken: what passes by itself is said with 503 or not at all.
  const faults = [...scene.ingest.faults.keys(), ...scene.admin.faults.keys()];
  expect(faults.filter((fault) => fault.startsWith('5') && fault !== '503')).toEqual([]);
});

test('each report was begun once, all are closed, and storage holds their files and no others', async () => {
  const [{ count } = { count: 0 }] = await scene.rows(
    z.object({ count: z.coerce.number() }),
    'SELECT count(*) FROM reports',
  );
  expect(count).toBe(5 + 5 + 1 + 2 * 2);
  expect(await openReports(scene)).toEqual([]);
  expect(await strayFiles(scene)).toEqual([]);
  expect(scene.deaths.filter((line) => !line.includes('(SIGKILL'))).toEqual([]);
});

async function killInTheMiddleOfBatches(service: Service, table: string): Promise<void> {
  const hold = await holdInserts(scene, table);
  await hold.reached();
  await kill9(scene.stack, service);
  await hold.release();
}
