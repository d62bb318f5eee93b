import { join, resolve } from 'node:path';
import type { Connection } from '@temporalio/client';
import { BASE_PATH } from '../../api/http/base-path.ts';
import type { Config } from '../../shared/config.ts';
import { taskQueues } from '../../shared/temporal.ts';
import { reasonOf } from '../cli-error.ts';
import type { ProcessSpec } from './supervised.ts';
import { withTemporal } from './temporal-server.ts';

const checkout = resolve(import.meta.dirname, '../..');
const answerWithinMs = 2_000;

/** The two poller kinds of a task queue, by their numbers in Temporal's protocol. */
const pollerKinds = [1, 2] as const;

/** Returns the process spec of the API. */
export function apiProcess(folder: string, env: NodeJS.ProcessEnv): ProcessSpec {
  return service('api', 'api/main.ts', folder, env, 15_000);
}

/** Returns the process spec of the worker. Its grace period lets it hand back its activities. */
export function workerProcess(folder: string, env: NodeJS.ProcessEnv): ProcessSpec {
  return service('worker', 'worker/main.ts', folder, env, 20_000);
}

/** Returns the API's URL on this machine. */
export function apiUrl(config: Config): string {
  return `http://127.0.0.1:${config.API_PORT}`;
}

/** Checks the API's health; returns undefined, or the reason. */
export async function whyApiIsDown(config: Config): Promise<string | undefined> {
  try {
    const response = await fetch(`${apiUrl(config)}${BASE_PATH}/health`, {
      signal: AbortSignal.timeout(answerWithinMs),
    });
    await response.body?.cancel();
    return response.ok ? undefined : `/health returns ${response.status}`;
  } catch (error) {
    return reasonOf(error);
  }
}

/** Checks that the worker has polled each task queue since its start; returns undefined, or the reason. */
export async function whyWorkerIsDown(config: Config, startedAt: number): Promise<string | undefined> {
  try {
    return await withTemporal(config, async (connection) => {
      for (const queue of Object.values(taskQueues(config))) {
        if (!(await isPolled(connection, config.TEMPORAL_NAMESPACE, queue, startedAt)))
          return `no worker polls ${queue}`;
      }
      return undefined;
    });
  } catch (error) {
    return reasonOf(error);
  }
}

/** Temporal lists pollers for minutes after they end, so only polls after the process start count. */
async function isPolled(connection: Connection, namespace: string, queue: string, since: number): Promise<boolean> {
  const polls = await Promise.all(
    pollerKinds.map((taskQueueType) =>
      connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name: queue }, taskQueueType }),
    ),
  );
  return polls
    .flatMap(({ pollers }) => pollers ?? [])
    .some(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000 + 1000 > since);
}

function service(
  name: string,
  main: string,
  folder: string,
  env: NodeJS.ProcessEnv,
  stopPatienceMs: number,
): ProcessSpec {
  return {
    name,
    command: process.execPath,
    args: [join(checkout, main)],
    env,
    cwd: checkout,
    logFile: join(folder, 'logs', `${name}.log`),
    stopSignal: 'SIGTERM',
    stopPatienceMs,
  };
}
