import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';

/** Number of processes that poll a task queue; null if Temporal does not report it. */
export interface QueuePollers {
  taskQueue: string;
  pollers: number | null;
}

export interface PollerCounts {
  /** In the order of the queues; cached for a few seconds, waits at most half a second. */
  read(): Promise<QueuePollers[]>;
}

const KEPT_MS = 5_000;
const DEADLINE_MS = 500;
/** Temporal lists pollers for minutes after they stopped, and an idle poll takes a minute. */
const POLL_IS_RECENT_MS = 150_000;

const { TASK_QUEUE_TYPE_WORKFLOW, TASK_QUEUE_TYPE_ACTIVITY } = proto.temporal.api.enums.v1.TaskQueueType;

/** Counts the pollers of these task queues. */
export function createPollerCounts(temporal: Client, taskQueues: readonly string[]): PollerCounts {
  let last: { at: number; counts: Promise<QueuePollers[]> } | undefined;
  return {
    read() {
      if (!last || performance.now() - last.at > KEPT_MS) {
        const counts = Promise.all(
          taskQueues.map(async (taskQueue) => ({ taskQueue, pollers: await countPollers(temporal, taskQueue) })),
        );
        last = { at: performance.now(), counts };
      }
      return last.counts;
    },
  };
}

async function countPollers(temporal: Client, taskQueue: string): Promise<number | null> {
  const { connection } = temporal;
  const { namespace } = temporal.options;
  // The deadline does not apply to connecting, which is retried for longer.
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(() => late.resolve(null), DEADLINE_MS);
  const asked = connection.withDeadline(Date.now() + DEADLINE_MS, () =>
    Promise.all(
      [TASK_QUEUE_TYPE_WORKFLOW, TASK_QUEUE_TYPE_ACTIVITY].map((taskQueueType) =>
        connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name: taskQueue }, taskQueueType }),
      ),
    ),
  );
  try {
    const answers = await Promise.race([asked, late.promise]);
    if (answers === null) return null;
    const recent = answers
      .flatMap(({ pollers }) => pollers ?? [])
      .filter(({ lastAccessTime }) => Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1000 < POLL_IS_RECENT_MS);
    return new Set(recent.map(({ identity }) => identity)).size;
  } catch {
    // The health check reports that Temporal is unavailable; the number is unknown then.
    return null;
  } finally {
    clearTimeout(timer);
  }
}
