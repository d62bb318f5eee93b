import { type NativeConnection, Worker, type WorkflowBundleOption } from '@temporalio/worker';
import type { Activities } from '../activities/index.ts';
import type { Config } from '../shared/config.ts';
import { taskQueues } from '../shared/temporal.ts';

/** Concurrent heavy activities per process; each holds a database connection and mostly waits for it. */
const HEAVY_AT_ONCE = 4;

/** One worker for workflows and short activities, one for heavy activities. Both poll once they run. */
export async function createWorkers(
  connection: NativeConnection,
  config: Pick<Config, 'TASK_QUEUE' | 'TEMPORAL_NAMESPACE'>,
  activities: Activities,
  workflowBundle: WorkflowBundleOption,
  /** The worker's name in the Temporal UI; process and host by default. */
  identity?: string,
): Promise<Worker[]> {
  const queues = taskQueues(config);
  const shared = {
    connection,
    namespace: config.TEMPORAL_NAMESPACE,
    activities,
    ...(identity === undefined ? {} : { identity }),
    // Running activities are cancelled and another worker resumes them, so a short grace period loses nothing.
    shutdownGraceTime: '5s',
    // After this, the workflows of a killed worker go to the others.
    stickyQueueScheduleToStartTimeout: '2s',
    // Cancellations arrive with heartbeats, so these bound how soon a cancelled report stops.
    maxHeartbeatThrottleInterval: '1s',
    defaultHeartbeatThrottleInterval: '1s',
  } as const;
  return [
    await Worker.create({ ...shared, taskQueue: queues.general, workflowBundle }),
    await Worker.create({ ...shared, taskQueue: queues.heavy, maxConcurrentActivityTaskExecutions: HEAVY_AT_ONCE }),
  ];
}
