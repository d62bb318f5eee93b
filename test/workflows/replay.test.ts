import { readdirSync, readFileSync } from 'node:fs';
import { Worker } from '@temporalio/worker';
import { expect, inject, it } from 'vitest';
import { runs } from '../../shared/contracts/runs.ts';

const folder = new URL('./histories/', import.meta.url);
const names = readdirSync(folder);

it('replays the saved histories, so that running workflows continue after a deploy', { timeout: 120_000 }, async () => {
  const histories = (function* () {
    for (const name of names) {
      const history: unknown = JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
      yield { workflowId: name, history };
    }
  })();
  const workflowBundle = { codePath: inject('workflowBundle') };
  const faults: string[] = [];
  let replayed = 0;
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle }, histories)) {
    replayed += 1;
    if (error) faults.push(`${workflowId}: ${error.message}`);
  }
  expect(faults).toEqual([]);
  expect(replayed).toBe(names.length);
});

it.each(Object.keys(runs))('has a saved history of %s', (type) => {
  expect(names.some((name) => name.startsWith(`${type}-`))).toBe(true);
});
