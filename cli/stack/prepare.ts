import { migrate } from '../../shared/db/migrate.ts';
import { ensureSearchAttributes } from '../../shared/temporal.ts';
import { withOrm } from './database.ts';
import { type DevKeys, ensureDevKeys } from './dev-keys.ts';
import type { StackSettings } from './settings.ts';
import { keepHistories, withTemporal } from './temporal-server.ts';

/** Prepares both servers for this version before the services start. */
export async function prepareServers({ config, folder, ownTemporal }: StackSettings): Promise<DevKeys> {
  const namespace = config.TEMPORAL_NAMESPACE;
  await withTemporal(config, async (connection) => {
    // The retention of an external server is its operator's choice.
    if (ownTemporal) await keepHistories(connection, namespace);
    await ensureSearchAttributes(connection, namespace);
  });
  return withOrm(config, async (orm) => {
    await migrate(orm);
    return ensureDevKeys(orm, folder);
  });
}
