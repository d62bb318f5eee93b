import { hostname } from 'node:os';
import { withTemporal } from '../cli/stack/temporal-server.ts';
import { parseConfig } from '../shared/config.ts';
import { taskQueues } from '../shared/temporal.ts';

/** A poll without work lasts a minute; two missed polls count as unhealthy. */
const pollIsRecentMs = 150_000;

/** TASK_QUEUE_TYPE_ACTIVITY of Temporal's API. Every worker polls activity queues, but not all run workflows. */
const activityQueue = 2;

/**
 * Checks that the worker of a host polls all its task queues. Workers of other hosts do not count.
 * @returns the problem, or undefined if it does
 */
export async function whyWorkerIsUnhealthy(env: NodeJS.ProcessEnv, host: string): Promise<string | undefined> {
  const config = parseConfig(env);
  const namespace = config.TEMPORAL_NAMESPACE;
  return withTemporal(config, async ({ workflowService }) => {
    for (const name of Object.values(taskQueues(config))) {
      const request = { namespace, taskQueue: { name }, taskQueueType: activityQueue };
      const { pollers } = await workflowService.describeTaskQueue(request);
      const isPolled = (pollers ?? []).some(({ identity, lastAccessTime }) => {
        const ageMs = Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1000;
        return identity?.endsWith(`@${host}`) && ageMs < pollIsRecentMs;
      });
      if (!isPolled) return `The worker of ${host} does not poll ${name}.`;
    }
    return undefined;
  });
}

// The health check of the worker's container, which uses the exit code.
if (import.meta.main) {
  const problem = await whyWorkerIsUnhealthy(process.env, hostname()).catch(String);
  if (problem !== undefined) process.stderr.write(`${problem}\n`);
  process.exitCode = problem === undefined ? 0 : 1;
}
