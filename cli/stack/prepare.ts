import { migrate } from '../../shared/db/migrate.ts';
import { ensureSearchAttributes } from '../../shared/temporal.ts';
import { withOrm } from './database.ts';
import { type DevKeys, ensureDevKeys } from './dev-keys.ts';
import type { StackSettings } from './settings.ts';
import { keepHistories, withTemporal } from './temporal-server.ts';

/** Brings both servers to what this version needs, before anything of ours talks to them. */
export async function prepareServers({ config, folder, ownTemporal }: StackSettings): Promise<DevKeys> {
  const namespace = config.TEMPORAL_NAMESPACE;
  await withTemporal(config, async (connection) => {
    // How long a server of someone else keeps its histories is theirs to say.
    if (ownTemporal) await keepHistories(connection, namespace);
    await ensureSearchAttributes(connection, namespace);
  });
  return withOrm(config, async (orm) => {
    await migrate(orm);
    return ensureDevKeys(orm, folder);
  });
}
