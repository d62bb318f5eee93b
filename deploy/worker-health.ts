import { hostname } from 'node:os';
import { withTemporal } from '../cli/stack/temporal-server.ts';
import { parseConfig } from '../shared/config.ts';
import { taskQueues } from '../shared/temporal.ts';

/** A poll takes a minute when there is no work. */
const pollIsRecentMs = 150_000;

/** The number of activity queues in Temporal's protocol: every worker polls them, but not all run workflows. */
const activityQueue = 2;

/**
 * Looks whether the worker of a host polls all its task queues; another host's worker does not count.
 * @returns what is wrong, or undefined where it does
 */
export async function whyWorkerIsUnhealthy(env: NodeJS.ProcessEnv, host: string): Promise<string | undefined> {
  const config = parseConfig(env);
  const namespace = config.TEMPORAL_NAMESPACE;
  return withTemporal(config, async ({ workflowService }) => {
    for (const name of Object.values(taskQueues(config))) {
      const asked = { namespace, taskQueue: { name }, taskQueueType: activityQueue };
      const { pollers } = await workflowService.describeTaskQueue(asked);
      const isPolled = (pollers ?? []).some(({ identity, lastAccessTime }) => {
        const ageMs = Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1000;
        return identity?.endsWith(`@${host}`) && ageMs < pollIsRecentMs;
      });
      if (!isPolled) return `The worker of ${host} does not poll ${name}.`;
    }
    return undefined;
  });
}

// The health check of the worker's container: it counts the exit code.
if (import.meta.main) {
  const lack = await whyWorkerIsUnhealthy(process.env, hostname()).catch(String);
  if (lack !== undefined) process.stderr.write(`${lack}\n`);
  process.exitCode = lack === undefined ? 0 : 1;
}
