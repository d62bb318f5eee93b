import { createOrm, type DatabaseConfig, type Orm } from '../../shared/db/orm.ts';
import { CliError } from '../cli-error.ts';
import { whyPostgresIsDown } from './postgres.ts';

/**
 * Runs a function with its own database connections.
 * @throws CliError if the database is not reachable
 */
export async function withOrm<Result>(config: DatabaseConfig, use: (orm: Orm) => Promise<Result>): Promise<Result> {
  const lack = await whyPostgresIsDown(config.DATABASE_URL);
  if (lack !== undefined) throw new CliError(`The database of DATABASE_URL is not usable: ${lack}`);
  const orm = await createOrm(config);
  try {
    return await use(orm);
  } finally {
    await orm.close();
  }
}
