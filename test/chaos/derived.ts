import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Random } from '../../sample/random.ts';
import { FINISHED_MONTH } from './base-data.ts';
import { eraseSomeone } from './erasure.ts';
import { kill9 } from './kill.ts';
import type { Scene } from './scene.ts';

const ENDED_WITHIN_MS = 10 * 60_000;
const LONGEST_PEACE_MS = 3_000;

const startedSchema = z.object({ id: z.string() });
const runSchema = z.object({
  status: z.string(),
  error: z.string().nullable(),
  result: z.record(z.string(), z.unknown()).nullable(),
});
type Run = z.output<typeof runSchema>;

async function start(scene: Scene, kind: string, body: object): Promise<string> {
  const answer = await scene.admin.insist('POST', `/workflow-runs/${kind}`, { body });
  if (answer.status !== 202)
    throw new Error(`${kind} was answered with ${answer.status}: ${JSON.stringify(answer.body)}`);
  return startedSchema.parse(answer.body).id;
}

async function ended(scene: Scene, id: string): Promise<Run> {
  const deadline = Date.now() + ENDED_WITHIN_MS;
  for (;;) {
    const { status, body } = await scene.admin.insist('GET', `/workflow-runs/${encodeURIComponent(id)}`);
    if (status === 200) {
      const run = runSchema.parse(body);
      if (!['running', 'paused', 'continued'].includes(run.status)) return run;
    }
    if (Date.now() > deadline) throw new Error(`${id} does not end`);
    await sleep(250);
  }
}

/**
 * Kills worker and PostgreSQL in turn, at random moments, while rollups, a backfill, a retention and the erasure of a
 * user run side by side, again and again until all kills are done.
 * @returns every difference between what is derived and the facts, and every run that did not complete
 */
export async function disturbDerived(scene: Scene, random: Random, kills: number): Promise<string[]> {
  const differences: string[] = [];
  const day = (date: string) => date.slice(0, 10);
  let killed = 0;
  const killing = (async () => {
    for (; killed < kills; killed += 1) {
      await sleep(random.whole(200, LONGEST_PEACE_MS));
      await kill9(scene.stack, killed % 2 === 0 ? 'worker' : 'postgres');
      // One that is killed while it recovers begins its recovery again: a large database would never be back.
      await scene.rows(z.unknown(), 'SELECT 1');
    }
  })();
  // A retention that removes more of the finished month each time, and a backfill of the days that are left.
  const monthStartMs = Date.parse(FINISHED_MONTH.start_date);
  for (let round = 1; killed < kills; round += 1) {
    const keptDays = Math.ceil((Date.now() - monthStartMs) / 86_400_000) - Math.min(round + 1, 20);
    await scene.admin.insist('PATCH', '/settings', { body: { retention: { events: keptDays, ai_usage: keptDays } } });
    const span = { start_date: day(FINISHED_MONTH.start_date), end_date: '2026-03-12', force: true };
    const erasing = await eraseSomeone(scene);
    const ids = [
      erasing.workflowId,
      await start(scene, 'backfill', span),
      await start(scene, 'rollup', {}),
      await start(scene, 'retention', {}),
    ];
    for (const id of ids) {
      const { status, error } = await ended(scene, id);
      if (status !== 'completed') differences.push(`${id} is ${status}: ${error}`);
    }
    differences.push(...(await erasing.differences()));
  }
  await killing;
  return differences;
}

/** Compares everything derived with the facts, when nobody writes any more. */
export async function differencesOfDerived(scene: Scene): Promise<string[]> {
  const { status, error, result } = await ended(scene, await start(scene, 'verify', {}));
  if (status !== 'completed') return [`verify is ${status}: ${error}`];
  const { difference_count: count, days_checked: checked } = result ?? {};
  if (!(Number(checked) > 50)) return [`verify compared ${checked} days only`];
  return count === 0 ? [] : [`the rollups differ: ${JSON.stringify(result).slice(0, 2_000)}`];
}
