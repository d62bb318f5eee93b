import { fileURLToPath } from 'node:url';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createActivities } from '../activities/index.ts';
import { parseConfig } from '../shared/config.ts';
import { createOrm } from '../shared/db/orm.ts';
import { createLog, type Log } from '../shared/log.ts';
import { createLocalStorage } from '../shared/storage.ts';
import {
  connectionOptions,
  createTemporalClient,
  createTemporalConnection,
  ensureSearchAttributes,
  taskQueues,
} from '../shared/temporal.ts';
import { reconcileSchedules } from './schedules.ts';

/** Parts of reports at once in one process; each holds a connection of the database and mostly waits for it. */
const HEAVY_AT_ONCE = 4;

async function main(): Promise<void> {
  const config = parseConfig(process.env);
  const log = createLog(config, 'worker');
  Runtime.install({ logger: temporalLogger(log) });
  const orm = await createOrm(config);
  const clientConnection = createTemporalConnection(config);
  const client = createTemporalClient(clientConnection, config);
  await ensureSearchAttributes(clientConnection, config.TEMPORAL_NAMESPACE);
  const queues = taskQueues(config);
  await reconcileSchedules(client, queues);
  const connection = await NativeConnection.connect(connectionOptions(config));
  const storage = createLocalStorage(config.STORAGE_DIR);
  const activities = createActivities({ config, orm, client, storage, log });
  const shared = {
    connection,
    namespace: config.TEMPORAL_NAMESPACE,
    activities,
    // Work in hand is told to stop, and another worker takes it up; nothing is lost, so there is no need to wait long.
    shutdownGraceTime: '5s',
    // Cancellations arrive with heartbeats, so these set how soon a cancelled report stops.
    maxHeartbeatThrottleInterval: '1s',
    defaultHeartbeatThrottleInterval: '1s',
  } as const;
  const workers = [
    await Worker.create({
      ...shared,
      taskQueue: queues.general,
      workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)),
    }),
    await Worker.create({ ...shared, taskQueue: queues.reports, maxConcurrentActivityTaskExecutions: HEAVY_AT_ONCE }),
  ];
  log.info({ queues, namespace: config.TEMPORAL_NAMESPACE }, 'worker polls');
  try {
    await Promise.all(workers.map((worker) => worker.run()));
  } finally {
    await Promise.allSettled([connection.close(), clientConnection.close(), orm.close()]);
    log.info('worker stopped');
  }
}

function temporalLogger(log: Log): DefaultLogger {
  return new DefaultLogger('INFO', ({ level, message, meta }) => {
    const line = { ...meta, ...(meta?.error instanceof Error ? { err: meta.error } : {}) };
    switch (level) {
      case 'ERROR':
        return log.error(line, message);
      case 'WARN':
        return log.warn(line, message);
      case 'INFO':
        return log.info(line, message);
      case 'DEBUG':
      case 'TRACE':
        return log.debug(line, message);
    }
  });
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
  // Open connections would keep a process alive that does nothing.
  setTimeout(() => process.exit(1), 500).unref();
});
