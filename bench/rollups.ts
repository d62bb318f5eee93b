import { sql } from 'kysely';
import { dbOf } from '../shared/db/orm.ts';
import { fillExecutionsOnly, fillFacts, LARGEST } from './fill-facts.ts';
import { type Figure, seconds } from './measure.ts';
import { askEndpoints, askQuestions, questionFigures } from './questions.ts';
import { benchFullRollup, benchLateRecords, refreshEverything } from './refresh.ts';
import { openScene, type Scene } from './scene.ts';

/** Measures rollups and their queries at a tenth of the rows, then in a separate scene at all of them. */
export async function benchRollups(rows: number, executions: number, rounds: number): Promise<Figure[]> {
  const smallRows = Math.round(rows / 10);
  const small = await withFacts(smallRows, fillFacts, async (scene) => ({
    rows: smallRows,
    times: await askQuestions(scene),
  }));
  const rollup = await withFacts(executions, fillExecutionsOnly, (scene) => benchFullRollup(scene, rounds));
  return withFacts(rows, fillFacts, async (scene, key) => {
    const large = { rows, times: await askQuestions(scene) };
    const endpoints = await askEndpoints(scene, key);
    const late = await benchLateRecords(scene, key, rows, rounds);
    return [rollup, late, ...questionFigures(small, large), ...endpoints];
  });
}

async function withFacts<Result>(
  rows: number,
  fill: (scene: Scene, rows: number) => Promise<void>,
  measure: (scene: Scene, key: string) => Promise<Result>,
): Promise<Result> {
  const scene = await openScene();
  try {
    // Stops the worker's schedules, which would refresh the measured buckets.
    await scene.pauseSchedules();
    const key = await scene.newOrganisation(LARGEST);
    const filled = await seconds(() => fill(scene, rows));
    const refreshed = await seconds(() => refreshEverything(scene));
    process.stdout.write(`  ${rows} rows filled in ${filled.toFixed(0)} s, rolled up in ${refreshed.toFixed(0)} s\n`);
    await sql`VACUUM (ANALYZE)`.execute(dbOf(scene.orm.em.fork()));
    return await measure(scene, key);
  } finally {
    await scene.close();
  }
}
