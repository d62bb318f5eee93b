import { createHostReader, diskPathOf } from '../shared/hosts/read-host.ts';
import { createPartitionCache } from '../shared/telemetry/partition-cache.ts';
import { taskQueues } from '../shared/temporal.ts';
import { buildApp } from './app.ts';
import type { Dependencies } from './dependencies.ts';
import { createCurrentHost } from './health/current-host.ts';
import { createHealthMonitor } from './health/monitor.ts';
import { createPollerCounts } from './health/pollers.ts';
import { createRequestWindow } from './health/request-window.ts';
import { createBodyMemory } from './http/body-memory.ts';
import { createJwtVerifier } from './http/jwt.ts';
import { createLimits } from './http/limits.ts';
import { createStreamPermits } from './http/stream-permits.ts';
import { createTurns } from './http/turns.ts';
import { routes } from './routes/index.ts';

const MEBIBYTE = 1024 * 1024;

/** Connections that the caller opens and closes. */
export type Connections = Pick<Dependencies, 'config' | 'orm' | 'temporal' | 'storage' | 'log'>;

/** The API, after its first health check; it does not listen yet. `stop` ends its background health checks. */
export async function createApi(connections: Connections) {
  const { config, orm, temporal, log } = connections;
  const ingestTurns = createTurns(
    {
      maxConcurrent: config.INGEST_MAX_CONCURRENT,
      maxWaiting: config.INGEST_MAX_WAITING,
      maxOrgWaiting: config.INGEST_MAX_WAITING_PER_ORG,
      deadlineMs: config.INGEST_TURN_SECONDS * 1000,
    },
    log,
  );
  const health = createHealthMonitor({ config, temporal, ingestTurns, log });
  await health.check();
  const app = buildApp(
    {
      ...connections,
      health,
      currentHost: createCurrentHost(createHostReader(diskPathOf(config)), log),
      pollers: createPollerCounts(temporal, Object.values(taskQueues(config))),
      requests: createRequestWindow(),
      bodyMemory: createBodyMemory({
        maxBytes: config.BODY_MEMORY_MB * MEBIBYTE,
        maxOrgBytes: config.BODY_MEMORY_MB_PER_ORG * MEBIBYTE,
      }),
      ingestTurns,
      // Each holds two connections; half of the pool stays free.
      streamPermits: createStreamPermits({
        maxOpen: Math.max(1, Math.floor(config.DATABASE_POOL_SIZE / 4)),
        maxOrgOpen: 1,
      }),
      limits: await createLimits(orm, config),
      jwt: createJwtVerifier(config),
      partitions: createPartitionCache(),
    },
    routes,
  );
  return { handle: app.callback(), stop: () => health.stop() };
}
