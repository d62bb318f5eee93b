import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NativeConnection, Runtime, type Worker } from '@temporalio/worker';
import { inject } from 'vitest';
import { createActivities } from '../../activities/index.ts';
import { createApi } from '../../api/create-api.ts';
import { type Config, parseConfig } from '../../shared/config.ts';
import { createOrm, type Orm } from '../../shared/db/orm.ts';
import type { Role, Scope } from '../../shared/domain/roles.ts';
import { createLog } from '../../shared/log.ts';
import { createApiKey } from '../../shared/organisations/api-keys.ts';
import { ensureOrganisation } from '../../shared/organisations/organisations.ts';
import { createStorage } from '../../shared/storage/create.ts';
import type { Storage } from '../../shared/storage/storage.ts';
import { connectionOptions, createTemporalClient, createTemporalConnection } from '../../shared/temporal.ts';
import { temporalLogger } from '../../worker/temporal-logger.ts';
import { createWorkers } from '../../worker/workers.ts';
import { createTestDatabase } from '../database.ts';
import { type ApiClient, createApiClient } from './api-client.ts';

export interface TestService {
  origin: string;
  config: Config;
  orm: Orm;
  storage: Storage;
  storageFolder: string;
  temporal: ReturnType<typeof createTemporalClient>;
  /** A client of the API with a new key. */
  clientFor(orgId: string, role: Role, more?: { userId?: string; scopes?: Scope[] }): Promise<ApiClient>;
  /** A client that sends no credential. */
  anonymous: ApiClient;
  close(): Promise<void>;
}

export interface ServiceOptions {
  /** Whether workers poll too, and how many processes' worth; without them workflows only wait. */
  workers: boolean | number;
  env?: Record<string, string>;
}

/** The real API, and workers if wanted, on a database and task queues of the test file's own. */
export async function startService({ workers: withWorkers, env = {} }: ServiceOptions): Promise<TestService> {
  const database = await createTestDatabase();
  const storageFolder = await mkdtemp(join(tmpdir(), 'tidemark-storage-'));
  const config = parseConfig({
    DATABASE_URL: database.url,
    DATABASE_POOL_SIZE: '10',
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    TEMPORAL_UI_URL: 'http://127.0.0.1:8233',
    TASK_QUEUE: `test-${database.name}`,
    STORAGE_DIR: storageFolder,
    SECRET: 'a secret of the tests, longer than 32 characters',
    LOG_LEVEL: process.env.LOG_LEVEL ?? 'fatal',
    ...env,
  });
  const log = createLog(config, 'test');
  const orm = await createOrm(config);
  const connection = createTemporalConnection(config);
  const temporal = createTemporalClient(connection, config);
  const storage = createStorage(config);
  const api = await createApi({ config, orm, temporal, storage, log });
  const server = createServer((request, response) => void api.handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The test server has no port');
  const origin = `http://127.0.0.1:${address.port}`;
  const stopWorkers = await runWorkers(Number(withWorkers), config, { config, orm, client: temporal, storage, log });

  return {
    origin,
    config,
    orm,
    storage,
    storageFolder,
    temporal,
    anonymous: createApiClient(origin, null),
    async clientFor(orgId, role, { userId, scopes } = {}) {
      const em = orm.em.fork();
      await ensureOrganisation(em, orgId, orgId, new Date());
      const { key } = await createApiKey(em, { orgId, role, name: `${role} of ${orgId}`, userId, scopes });
      return createApiClient(origin, key);
    },
    async close() {
      await stopWorkers();
      const stopped = api.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await stopped;
      await connection.close();
      await orm.close();
      await database.drop();
      await rm(storageFolder, { recursive: true, force: true });
    },
  };
}

async function runWorkers(
  count: number,
  config: Config,
  deps: Parameters<typeof createActivities>[0],
): Promise<() => Promise<void>> {
  if (count === 0) return async () => {};
  Runtime.install({ logger: temporalLogger(deps.log) });
  const connections: NativeConnection[] = [];
  const workers: Worker[] = [];
  for (let n = 1; n <= count; n += 1) {
    // As in processes of their own: one connection does not take two workers of one queue.
    const connection = await NativeConnection.connect(connectionOptions(config));
    connections.push(connection);
    workers.push(
      ...(await createWorkers(
        connection,
        config,
        createActivities(deps),
        { codePath: inject('workflowBundle') },
        `test-worker-${n}`,
      )),
    );
  }
  const runs = workers.map((worker) => worker.run());
  return async () => {
    for (const worker of workers) worker.shutdown();
    await Promise.all(runs);
    await Promise.all(connections.map((connection) => connection.close()));
  };
}
