import { createHostReader, diskPathOf } from '../shared/hosts/read-host.ts';
import { createPartitionCache } from '../shared/telemetry/partition-cache.ts';
import { taskQueues } from '../shared/temporal.ts';
import { buildApp } from './app.ts';
import type { Dependencies } from './dependencies.ts';
import { createCurrentHost } from './health/current-host.ts';
import { createHealthMonitor } from './health/monitor.ts';
import { createPollerCounts } from './health/pollers.ts';
import { createRequestWindow } from './health/request-window.ts';
import { createAdmission } from './http/admission.ts';
import { createJwtVerifier } from './http/jwt.ts';
import { createRateLimit } from './http/rate-limit.ts';
import { routes } from './routes/index.ts';

/** Connections that the caller opens and closes. */
export type Connections = Pick<Dependencies, 'config' | 'orm' | 'temporal' | 'storage' | 'log'>;

/** The API, after its first health check; it does not listen yet. `stop` ends its background health checks. */
export async function createApi(connections: Connections) {
  const { config, orm, temporal, log } = connections;
  const health = createHealthMonitor({ config, temporal, log });
  await health.check();
  const app = buildApp(
    {
      ...connections,
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
  return { handle: app.callback(), stop: () => health.stop() };
}
