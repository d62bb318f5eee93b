import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { eventually } from '../eventually.ts';
import { sendFinishedMonth } from './base-data.ts';
import { holdReads, holdReport, installGates } from './hold.ts';
import { kill9, pidOf } from './kill.ts';
import {
  openReports,
  type ReportAnswer,
  type ReportResult,
  requestReport,
  resultOf,
  strayFiles,
  untilClosed,
} from './report.ts';
import { REQUESTS } from './requests.ts';
import { openScene, type Scene } from './scene.ts';
import { assembleSlowly } from './slow-part.ts';
import { ageReport, holdInTheMiddleOfParts, leavePendingRow, reportsNamed, sweep, workflowOf } from './stage.ts';

/** A row and its workflow that were parted: by a kill, by an operator, by whoever does not want the report any more. */

const COMPLETED_WITHIN_MS = 120_000;
const CANCELLED_WITHIN_MS = 5_000;
const request = REQUESTS.events;

// On a machine that is busy with other tests too, a stack takes its time to come back.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

let scene: Scene;
let undisturbed: { id: string } & ReportResult;
/** Of a report that was published before Temporal could hear of it. */
let publishedUnheard: string;

beforeAll(async () => {
  scene = await openScene({ REPORT_PART_ROWS: '100', REPORT_PARALLEL_PARTS: '2' });
  await sendFinishedMonth(scene, 5_000);
  await installGates(scene);
  const id = await requestReport(scene.admin, request, 'undisturbed');
  const { sha256, rows } = await resultOf(scene.admin, id, COMPLETED_WITHIN_MS);
  undisturbed = { id, sha256, rows };
});

afterAll(() => scene?.close());

test('worker and Temporal are killed after a plan, a part and a file are done and before Temporal hears of it', async () => {
  const reports = await Promise.all(
    [
      { step: 'writing', done: 'parts_total IS NOT NULL' },
      {
        step: 'part-7',
        done: 'EXISTS (SELECT FROM report_parts WHERE report_id = id AND part = 7 AND rows_written > 0)',
      },
      { step: 'done', done: `status = 'completed'` },
    ].map(async ({ step, done }) => {
      const named = { ...request, name: `unheard ${step}` };
      const hold = await holdReport(scene, named.name, step);
      const id = await requestReport(scene.admin, named, named.name);
      await hold.reached();
      return { id, hold, done };
    }),
  );
  process.kill(pidOf(scene.stack, 'temporal'), 'SIGSTOP');
  for (const { id, hold, done } of reports) {
    await hold.release();
    await eventually(
      done,
      30_000,
      async () =>
        (await scene.rows(z.unknown(), `SELECT FROM reports WHERE id = $1 AND ${done}`, [id])).length > 0 || undefined,
    );
  }
  await Promise.all([kill9(scene.stack, 'worker'), kill9(scene.stack, 'temporal')]);
  for (const { id } of reports) await expectAsUndisturbed(id);
  publishedUnheard = reports.at(-1)?.id ?? '';
  await expectNoStrayFiles();
});

test('the API is killed between row and workflow; the client asks again under the same key', async () => {
  const named = { ...request, name: 'asked twice' };
  const temporal = pidOf(scene.stack, 'temporal');
  process.kill(temporal, 'SIGSTOP');
  const asked = requestReport(scene.admin, named, 'asked-twice');
  try {
    await eventually('the row', 30_000, async () => ((await reportsNamed(scene, named.name)) > 0 ? true : undefined));
    await kill9(scene.stack, 'api');
  } finally {
    process.kill(temporal, 'SIGCONT');
  }
  await expectAsUndisturbed(await asked);
  expect(await reportsNamed(scene, named.name)).toBe(1);
});

test('the API is killed between row and workflow; the sweep begins the report', async () => {
  const id = await leavePendingRow(scene, undisturbed.id);
  await ageReport(scene, id);
  await sweep(scene);
  await expectAsUndisturbed(id);
});

test('the sweep closes a report whose workflow was terminated, and its files go', async () => {
  const { id, release } = await holdInTheMiddleOfParts(scene, request, 'terminated');
  await workflowOf(scene, id).terminate('an operator said so');
  await ageReport(scene, id);
  await sweep(scene);
  const report = await untilClosed(scene.admin, id, 60_000);
  await release();
  expect(report).toMatchObject({ status: 'failed', error: { code: 'WORKFLOW_TERMINATED' } });
  await expectNoStrayFiles();
});

test('cancelled while it waits for its workflow', async () => {
  expect(await cancel(await leavePendingRow(scene, undisturbed.id))).toMatchObject({ status: 'cancelled' });
});

test('cancelled while it is planned', async () => {
  const reads = await holdReads(scene, 'events');
  const id = await requestReport(scene.admin, request, 'cancelled-planning');
  await reads.reached();
  expect(await cancel(id)).toMatchObject({ status: 'cancelled' });
  await reads.release();
});

test('cancelled while its parts are written', async () => {
  const { id, release } = await holdInTheMiddleOfParts(scene, request, 'cancelled-writing');
  expect(await cancel(id)).toMatchObject({ status: 'cancelled' });
  await release();
  await expectNoStrayFiles();
});

test('cancelled while its file is assembled', async () => {
  const assembly = await assembleSlowly(scene, request, 'cancelled-assembling');
  expect(await cancel(assembly.id)).toMatchObject({ status: 'cancelled' });
  assembly.stop();
  rmSync(join(scene.storage, `${assembly.id}.aside`));
  await expectNoStrayFiles();
});

test('cancelled while it is published, it is either there with its file or cancelled without', async () => {
  const publishing = await holdReport(scene, request.name, 'done');
  const id = await requestReport(scene.admin, request, 'cancelled-publishing');
  await publishing.reached();
  setTimeout(() => void publishing.release(), 1_000);
  const { status } = await cancel(id);
  expect(['completed', 'cancelled']).toContain(status);
  await workflowOf(scene, id)
    .result()
    .catch(() => undefined);
  if (status === 'completed') await expectAsUndisturbed(id);
  await expectNoStrayFiles();
});

test('nothing is left open, and what was published unheard stays published when it is published again', async () => {
  await expect(workflowOf(scene, publishedUnheard).result()).resolves.toMatchObject({ sha256: undisturbed.sha256 });
  await expectAsUndisturbed(publishedUnheard);
  expect(await openReports(scene)).toEqual([]);
  await expectNoStrayFiles();
});

async function expectAsUndisturbed(id: string): Promise<void> {
  const { sha256, rows } = await resultOf(scene.admin, id, COMPLETED_WITHIN_MS);
  expect({ sha256, rows }).toEqual({ sha256: undisturbed.sha256, rows: undisturbed.rows });
}

/** What was stopped may take a moment to notice. */
async function expectNoStrayFiles(): Promise<void> {
  await eventually('the last attempt to stop', 3_000, async () =>
    (await strayFiles(scene)).length === 0 ? true : undefined,
  ).catch(() => undefined);
  expect(await strayFiles(scene)).toEqual([]);
}

/** @returns the report when it is closed, which must be soon */
async function cancel(id: string): Promise<ReportAnswer> {
  const { status } = await scene.admin.insist('POST', `/reports/${id}/cancel`);
  expect(status).toBe(202);
  return untilClosed(scene.admin, id, CANCELLED_WITHIN_MS);
}
