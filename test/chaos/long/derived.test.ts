import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { createRandom } from '../../../sample/random.ts';
import { sendFinishedMonth } from '../base-data.ts';
import { differencesOfDerived, disturbDerived } from '../derived.ts';
import { differencesFrom } from '../facts.ts';
import { ORG, openScene, type Scene } from '../scene.ts';
import { Telemetry } from '../telemetry.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 240_000 });

let scene: Scene;
beforeAll(async () => {
  scene = await openScene({});
  await sendFinishedMonth(scene, 4_000);
});
afterAll(() => scene?.close());

test('rollups equal the facts after worker and database were killed in the middle of everything', async () => {
  const telemetry = new Telemetry(scene.ingest);
  telemetry.start(2);
  const unfinished = await disturbDerived(scene, createRandom('derived'), 4);
  expect(unfinished).toEqual([]);
  const acknowledged = await telemetry.stop();
  expect(await differencesFrom(acknowledged, scene)).toEqual([]);
  expect(await differencesOfDerived(scene)).toEqual([]);
  const [floor] = await scene.rows(
    z.object({ removed: z.coerce.number() }),
    `SELECT count(*) AS removed FROM retention_floors f
     WHERE f.org_id = $1 AND f.kind = 'events' AND f.at > '2026-03-01'
       AND NOT EXISTS (SELECT FROM events e WHERE e.org_id = f.org_id AND e.occurred_at < f.at)`,
    [ORG],
  );
  expect(floor?.removed).toBe(1);
});
