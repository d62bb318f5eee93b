import type { Command } from 'commander';
import { migrate } from '../../shared/db/migrate.ts';
import { ensureSearchAttributes } from '../../shared/temporal.ts';
import { CliError, reasonOf } from '../cli-error.ts';
import { withOrm } from '../stack/database.ts';
import { withTemporal } from '../stack/temporal-server.ts';
import { type ToolConfig, toolConfig } from '../stack/tool-config.ts';

/** `tidemark migrate`: what a new version needs of PostgreSQL and of Temporal. */
export function registerMigrate(program: Command): void {
  program
    .command('migrate')
    .description("bring the database's schema and Temporal's search attributes to this version")
    .option('--folder <path>', 'of the local stack that is used where DATABASE_URL is not set', '.tidemark')
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
    throw new CliError(`Temporal at ${config.TEMPORAL_ADDRESS} took no search attributes: ${reasonOf(error)}`);
  }
}
