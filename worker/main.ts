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

async function main(): Promise<void> {
  const config = parseConfig(process.env);
  const log = createLog(config, 'worker');
  Runtime.install({ logger: temporalLogger(log) });
  const orm = await createOrm(config);
  const storage = createStorage(config);
  await awaitOwnStorage(orm, storage, log);
  // Before Temporal is waited for: a host is there without it.
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
  const workers = await createWorkers(connection, config, activities);
  log.info({ queues, namespace: config.TEMPORAL_NAMESPACE }, 'worker polls');
  try {
    await Promise.all(workers.map((worker) => worker.run()));
  } finally {
    await sampler.stop();
    await Promise.allSettled([connection.close(), clientConnection.close(), orm.close()]);
    log.info('worker stopped');
  }
}

/** Temporal may start together with this process, or again: it gets a minute to answer. @throws the last fault after that */
async function untilAnswered<Result>(log: Log, ask: () => Promise<Result>): Promise<Result> {
  const giveUpAt = Date.now() + 60_000;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (Date.now() > giveUpAt) throw error;
      log.warn({ err: error }, 'Temporal does not answer yet; trying again');
      await sleep(500);
    }
  }
}

main().catch((error: unknown) => {
  const said = error instanceof WrongStorageError ? error.message : error instanceof Error ? error.stack : undefined;
  process.stderr.write(`${said ?? String(error)}\n`);
  process.exitCode = 1;
  // Open connections would keep a process alive that does nothing.
  setTimeout(() => process.exit(1), 500).unref();
});
