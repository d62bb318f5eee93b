import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import { createTemporalClient, createTemporalConnection, taskQueues } from '../../shared/temporal.ts';
import { reconcileSchedules } from '../../worker/schedules.ts';

const config = {
  TEMPORAL_ADDRESS: inject('temporalAddress'),
  TEMPORAL_NAMESPACE: 'default',
  TEMPORAL_TLS: false,
  TEMPORAL_API_KEY: undefined,
};
const queues = taskQueues({ TASK_QUEUE: `schedules-${randomUUID()}` });
const connection = createTemporalConnection(config);
const client = createTemporalClient(connection, config);

/** The ids of this file's schedules. Polls, as Temporal's list is eventually consistent. */
async function listed(): Promise<string[]> {
  const ids: string[] = [];
  for await (const { scheduleId } of client.schedule.list()) {
    if (scheduleId.startsWith(queues.general)) ids.push(scheduleId.slice(queues.general.length));
  }
  return ids.sort();
}

const declared = ['/daily-rollup', '/housekeeping', '/retention', '/rollup', '/sweep-jobs', '/verify'];

async function createSchedule(scheduleId: string): Promise<void> {
  const action = { type: 'startWorkflow', workflowType: 'sweepReports', taskQueue: queues.general } as const;
  await client.schedule.create({ scheduleId, action, spec: { intervals: [{ every: '1h' }] } });
}

beforeAll(() => reconcileSchedules(client, queues));
afterAll(async () => {
  for (const id of await listed()) await client.schedule.getHandle(`${queues.general}${id}`).delete();
  await connection.close();
});

it('removes obsolete schedules, and keeps pauses and schedules of other installations', async () => {
  await createSchedule(`${queues.general}/sweep-reports`);
  await createSchedule(`${queues.general}-other/sweep-reports`);
  await client.schedule.getHandle(`${queues.general}/rollup`).pause('an operator');
  const before = [...declared, '/sweep-reports', '-other/sweep-reports'].sort();
  await vi.waitFor(async () => expect(await listed()).toEqual(before), { timeout: 10_000 });
  await reconcileSchedules(client, queues);
  await vi.waitFor(async () => expect(await listed()).toEqual([...declared, '-other/sweep-reports'].sort()), {
    timeout: 10_000,
  });
  const { state } = await client.schedule.getHandle(`${queues.general}/rollup`).describe();
  expect(state).toMatchObject({ paused: true, note: 'an operator' });
});
