import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { NativeConnection, Runtime } from '@temporalio/worker';
import { createActivities } from '../activities/index.ts';
import { parseConfig } from '../shared/config.ts';
import { createOrm } from '../shared/db/orm.ts';
import { createHostReader, diskPathOf } from '../shared/hosts/read-host.ts';
import { createLog, type Log } from '../shared/log.ts';
import { createStorage } from '../shared/storage/create.ts';
import { awaitOwnStorage, WrongStorageError } from '../shared/storage/marker.ts';
import {
  connectionOptions,
  createTemporalClient,
  createTemporalConnection,
  ensureSearchAttributes,
  taskQueues,
} from '../shared/temporal.ts';
import { startHostSampler } from './host-sampler.ts';
import { reconcileSchedules } from './schedules.ts';
import { temporalLogger } from './temporal-logger.ts';
import { createWorkers } from './workers.ts';
import { loadWorkflowBundle } from './workflow-bundle.ts';

async function main(): Promise<void> {
  const config = parseConfig(process.env);
  const log = createLog(config, 'worker');
  const logger = temporalLogger(log);
  Runtime.install({ logger });
  const orm = await createOrm(config);
  const storage = createStorage(config);
  await awaitOwnStorage(orm, storage, log);
  // Before connecting to Temporal: host samples do not depend on it.
  const sampler = startHostSampler({
    orm,
    log,
    reader: createHostReader(diskPathOf(config)),
    host: hostname(),
    intervalSeconds: config.HOST_SAMPLE_SECONDS,
  });
  const clientConnection = createTemporalConnection(config);
  const client = createTemporalClient(clientConnection, config);
  const queues = taskQueues(config);
  const connection = await untilAnswered(log, async () => {
    await ensureSearchAttributes(clientConnection, config.TEMPORAL_NAMESPACE);
    await reconcileSchedules(client, queues);
    return NativeConnection.connect(connectionOptions(config));
  });
  const activities = createActivities({ config, orm, client, storage, log });
  const workers = await createWorkers(connection, config, activities, await loadWorkflowBundle(logger));
  log.info({ queues, namespace: config.TEMPORAL_NAMESPACE }, 'worker polls');
  try {
    await Promise.all(workers.map((worker) => worker.run()));
  } finally {
    await sampler.stop();
    await Promise.allSettled([connection.close(), clientConnection.close(), orm.close()]);
    log.info('worker stopped');
  }
}

/** Retries for a minute, since Temporal may be starting too. @throws the last error after that */
async function untilAnswered<Result>(log: Log, ask: () => Promise<Result>): Promise<Result> {
  const giveUpAt = Date.now() + 60_000;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (Date.now() > giveUpAt) throw error;
      log.warn({ err: error }, 'Temporal does not answer yet; retrying');
      await sleep(500);
    }
  }
}

main().catch((error: unknown) => {
  const message = error instanceof WrongStorageError ? error.message : error instanceof Error ? error.stack : undefined;
  process.stderr.write(`${message ?? String(error)}\n`);
  process.exitCode = 1;
  // Open connections would keep the process alive.
  setTimeout(() => process.exit(1), 500).unref();
});
