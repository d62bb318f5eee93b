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

/** The two kinds of pollers that a task queue has, by their numbers in Temporal's protocol. */
const pollerKinds = [1, 2] as const;

/** How to run the API. */
export function apiProcess(folder: string, env: NodeJS.ProcessEnv): ProcessSpec {
  return service('api', 'api/main.ts', folder, env, 15_000);
}

/** How to run the worker. It is given time to hand its activities back. */
export function workerProcess(folder: string, env: NodeJS.ProcessEnv): ProcessSpec {
  return service('worker', 'worker/main.ts', folder, env, 20_000);
}

/** Where the API is reached from this machine. */
export function apiUrl(config: Config): string {
  return `http://127.0.0.1:${config.API_PORT}`;
}

/** Asks the API for its health; undefined where it answers, else what is wrong. */
export async function whyApiIsDown(config: Config): Promise<string | undefined> {
  try {
    const response = await fetch(`${apiUrl(config)}${BASE_PATH}/health`, {
      signal: AbortSignal.timeout(answerWithinMs),
    });
    await response.body?.cancel();
    return response.ok ? undefined : `/health answers ${response.status}`;
  } catch (error) {
    return reasonOf(error);
  }
}

/** Asks Temporal whether the worker polls each task queue since it was started; undefined where it does. */
export async function whyWorkerIsDown(config: Config, startedAt: number): Promise<string | undefined> {
  try {
    return await withTemporal(config, async (connection) => {
      for (const queue of Object.values(taskQueues(config))) {
        if (!(await isPolled(connection, config.TEMPORAL_NAMESPACE, queue, startedAt))) return `nobody polls ${queue}`;
      }
      return undefined;
    });
  } catch (error) {
    return reasonOf(error);
  }
}

/** Temporal lists pollers for minutes after they are gone: only a poll that is younger than the process counts. */
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
