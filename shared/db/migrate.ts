import { sql } from 'kysely';
import { dbOf, type Orm } from './orm.ts';
import { ensurePartitionsAhead } from './partitions.ts';
import { inTransaction } from './transaction.ts';

/** The advisory lock that serialises concurrent migrations. */
const MIGRATION_LOCK = 7_405_173;

/**
 * Migrates the database to the current schema and creates the partitions of the coming months.
 * @returns the names of the migrations that ran
 */
export async function migrate(orm: Orm): Promise<string[]> {
  const names = await inTransaction(orm.em.fork(), async (trx) => {
    await sql`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`.execute(trx);
    const done = await orm.migrator.up();
    return done.map((migration) => migration.name);
  });
  await ensurePartitionsAhead(dbOf(orm.em.fork()), new Date());
  return names;
}
