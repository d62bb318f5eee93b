import type { Command } from 'commander';
import { migrate } from '../../shared/db/migrate.ts';
import { ensureSearchAttributes } from '../../shared/temporal.ts';
import { CliError, reasonOf } from '../cli-error.ts';
import { withOrm } from '../stack/database.ts';
import { withTemporal } from '../stack/temporal-server.ts';
import { type ToolConfig, toolConfig } from '../stack/tool-config.ts';

/** `tidemark migrate`: migrates the database and registers Temporal's search attributes. */
export function registerMigrate(program: Command): void {
  program
    .command('migrate')
    .description('migrate the database and register the search attributes in Temporal')
    .option('--folder <path>', 'folder of the local stack, used if DATABASE_URL is not set', '.tidemark')
    .action(async ({ folder }: { folder: string }) => {
      const config = toolConfig(process.env, folder);
      const names = await withOrm(config, migrate);
      process.stdout.write(names.length === 0 ? 'The database is up to date.\n' : `Migrated: ${names.join(', ')}.\n`);
      await registerAttributes(config);
      process.stdout.write('The search attributes are registered.\n');
    });
}

async function registerAttributes(config: ToolConfig): Promise<void> {
  try {
    await withTemporal(config, (connection) => ensureSearchAttributes(connection, config.TEMPORAL_NAMESPACE));
  } catch (error) {
    throw new CliError(
      `Temporal at ${config.TEMPORAL_ADDRESS} did not register the search attributes: ${reasonOf(error)}`,
    );
  }
}
