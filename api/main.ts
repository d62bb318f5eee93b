import { once } from 'node:events';
import { createServer } from 'node:http';
import { parseConfig } from '../shared/config.ts';
import { createOrm } from '../shared/db/orm.ts';
import { createPartitionCache } from '../shared/db/partition-cache.ts';
import { createHostReader, diskPathOf } from '../shared/host/read-host.ts';
import { createLog } from '../shared/log.ts';
import { createStorage } from '../shared/storage/create.ts';
import { awaitOwnStorage, WrongStorageError } from '../shared/storage/marker.ts';
import { createTemporalClient, createTemporalConnection, taskQueues } from '../shared/temporal.ts';
import { buildApp } from './app.ts';
import { createCurrentHost } from './health/current-host.ts';
import { createHealthMonitor } from './health/monitor.ts';
import { createPollerCounts } from './health/pollers.ts';
import { createAdmission } from './middleware/admission.ts';
import { createJwtVerifier } from './middleware/jwt.ts';
import { createRateLimit } from './middleware/rate-limit.ts';
import { createRequestWindow } from './request-window.ts';
import { routes } from './routes/index.ts';

/** Requests in hand get this long to end before their connections are cut. */
const DRAIN_MS = 10_000;

async function main(): Promise<void> {
  const config = parseConfig(process.env);
  const log = createLog(config, 'api');
  const orm = await createOrm(config);
  const storage = createStorage(config);
  await awaitOwnStorage(orm, storage, log);
  const connection = createTemporalConnection(config);
  const temporal = createTemporalClient(connection, config);
  const health = createHealthMonitor({ config, temporal, log });
  await health.check();
  const app = buildApp(
    {
      config,
      orm,
      temporal,
      storage,
      log,
      health,
      currentHost: createCurrentHost(createHostReader(diskPathOf(config)), log),
      pollers: createPollerCounts(temporal, Object.values(taskQueues(config))),
      requests: createRequestWindow(),
      ingestAdmission: createAdmission({
        maxConcurrent: config.INGEST_MAX_CONCURRENT,
        maxWaiting: config.INGEST_MAX_WAITING,
      }),
      rateLimit: await createRateLimit(orm, {
        requestsPerMinute: config.RATE_LIMIT_PER_MINUTE,
        store: config.RATE_LIMIT_STORE,
      }),
      jwt: createJwtVerifier(config),
      partitions: createPartitionCache(),
    },
    routes,
  );
  const handle = app.callback();
  const server = createServer((request, response) => void handle(request, response));
  server.listen(config.API_PORT, config.API_HOST);
  await once(server, 'listening');
  log.info({ address: server.address() }, 'api listens');

  const stop = async (signal: string) => {
    log.info({ signal }, 'api stops');
    health.stop();
    const closed = once(server, 'close');
    server.close();
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), DRAIN_MS).unref();
    await closed;
    await Promise.allSettled([orm.close(), connection.close()]);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop(signal));
}

main().catch((error: unknown) => {
  const said = error instanceof WrongStorageError ? error.message : error instanceof Error ? error.stack : undefined;
  process.stderr.write(`${said ?? String(error)}\n`);
  process.exit(1);
});
