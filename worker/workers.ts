import { fileURLToPath } from 'node:url';
import { type NativeConnection, Worker } from '@temporalio/worker';
import type { Activities } from '../activities/index.ts';
import type { Config } from '../shared/config.ts';
import { taskQueues } from '../shared/temporal.ts';

/** Parts of reports at once in one process; each holds a connection of the database and mostly waits for it. */
const HEAVY_AT_ONCE = 4;

/** One worker for workflows and short work, one for the heavy work of reports. Both poll when they are run. */
export async function createWorkers(
  connection: NativeConnection,
  config: Pick<Config, 'TASK_QUEUE' | 'TEMPORAL_NAMESPACE'>,
  activities: Activities,
  /** What the Temporal UI calls this worker; by default its process and host. */
  identity?: string,
): Promise<Worker[]> {
  const queues = taskQueues(config);
  const shared = {
    connection,
    namespace: config.TEMPORAL_NAMESPACE,
    activities,
    ...(identity === undefined ? {} : { identity }),
    // Work in hand is told to stop, and another worker takes it up; nothing is lost, so there is no need to wait long.
    shutdownGraceTime: '5s',
    // A workflow whose worker was killed is offered to the others after this.
    stickyQueueScheduleToStartTimeout: '2s',
    // Cancellations arrive with heartbeats, so these set how soon a cancelled report stops.
    maxHeartbeatThrottleInterval: '1s',
    defaultHeartbeatThrottleInterval: '1s',
  } as const;
  return [
    await Worker.create({
      ...shared,
      taskQueue: queues.general,
      workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)),
    }),
    await Worker.create({ ...shared, taskQueue: queues.heavy, maxConcurrentActivityTaskExecutions: HEAVY_AT_ONCE }),
  ];
}
