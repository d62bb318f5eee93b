import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunName } from '../../shared/contracts/runs.ts';
import { taskQueues } from '../../shared/temporal.ts';
import { startService, type TestService } from '../service/service.ts';
import { daysAgo, hasTable, partitionOf, recordsOf, rowCounts } from './scene.ts';

let service: TestService;
beforeAll(async () => {
  service = await startService({ workers: true });
});
afterAll(() => service.close());

it('cleans every organisation in the daily round, and drops months that no organisation keeps', async () => {
  const month = daysAgo(400);
  const [one, two] = [await service.clientFor('one', 'admin'), await service.clientFor('two', 'admin')];
  for (const client of [one, two]) {
    expect((await client.post('/batch', recordsOf([400, 399, 2]))).json.accepted).toBe(24);
    await client.patch('/settings', { retention: { events: 30 } });
  }
  await two.patch('/settings', { legal_hold: true });
  const round = async (id: string) =>
    service.temporal.workflow.execute('retentionRound' satisfies RunName, {
      workflowId: `${service.config.TASK_QUEUE}/${id}`,
      taskQueue: taskQueues(service.config).general,
      args: [{}],
    });
  expect(await round('first')).toMatchObject({ organisations: 2, failed: 0, partitionsDropped: 0 });
  expect([(await rowCounts(service, 'one')).events, (await rowCounts(service, 'two')).events]).toEqual([1, 3]);
  expect(await hasTable(service, partitionOf('events', month))).toBe(true);

  await two.patch('/settings', { legal_hold: false });
  expect(await round('second')).toMatchObject({ failed: 0, partitionsDropped: expect.any(Number) });
  expect(await hasTable(service, partitionOf('events', month))).toBe(false);
  expect(await hasTable(service, partitionOf('sessions', month))).toBe(true);
  expect((await rowCounts(service, 'two')).events).toBe(1);
  expect((await rowCounts(service, 'two')).sessions).toBe(3);

  // The API has cached that month; a new organisation may still write to it.
  const three = await service.clientFor('three', 'admin');
  expect((await three.post('/batch', recordsOf([400]))).json).toMatchObject({ accepted: 8, rejected: 0 });
  expect((await rowCounts(service, 'three')).events).toBe(1);
  const scheduled = `retention/one/${new Date().toISOString().slice(0, 10)}`;
  expect((await one.get(`/workflow-runs/${encodeURIComponent(scheduled)}`)).json.status).toBe('completed');
  expect((await one.get('/audit-log?action=retention.cleaned')).json.data[0]).toMatchObject({ actor: 'schedule' });
});
