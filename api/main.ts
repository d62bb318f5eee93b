import { once } from 'node:events';
import { createServer } from 'node:http';
import { parseConfig } from '../shared/config.ts';
import { createOrm } from '../shared/db/orm.ts';
import { createLog } from '../shared/log.ts';
import { createStorage } from '../shared/storage/create.ts';
import { awaitOwnStorage, WrongStorageError } from '../shared/storage/marker.ts';
import { createTemporalClient, createTemporalConnection } from '../shared/temporal.ts';
import { createApi } from './create-api.ts';

/** Open requests may take this long before their connections are closed. */
const DRAIN_MS = 10_000;
const EXIT_MS = DRAIN_MS + 5_000;

async function main(): Promise<void> {
  const config = parseConfig(process.env);
  const log = createLog(config, 'api');
  const orm = await createOrm(config);
  const storage = createStorage(config);
  await awaitOwnStorage(orm, storage, log);
  const connection = createTemporalConnection(config);
  const temporal = createTemporalClient(connection, config);
  const api = await createApi({ config, orm, temporal, storage, log });
  const server = createServer((request, response) => void api.handle(request, response));
  server.listen(config.API_PORT, config.API_HOST);
  await once(server, 'listening');
  log.info({ address: server.address() }, 'api is listening');

  const stop = async (signal: string) => {
    log.info({ signal }, 'api is stopping');
    // A statement that waits for a lock would keep its connection, and this process, open.
    setTimeout(() => process.exit(1), EXIT_MS).unref();
    const stopped = api.stop();
    const closed = once(server, 'close');
    server.close();
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), DRAIN_MS).unref();
    await Promise.all([closed, stopped]);
    await Promise.allSettled([orm.close(), connection.close()]);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop(signal));
}

main().catch((error: unknown) => {
  const text = error instanceof WrongStorageError ? error.message : error instanceof Error ? error.stack : undefined;
  process.stderr.write(`${text ?? String(error)}\n`);
  process.exit(1);
});
