import { sql } from 'kysely';
import { type Db, dbOf, type Entities } from './orm.ts';

/**
 * Runs `work` in a transaction; commits when it resolves, rolls back when it throws. `db` and `inner` are the query
 * builder and the entity manager of the transaction. Within another transaction it is a savepoint.
 */
export function inTransaction<Result>(
  em: Entities,
  work: (db: Db, inner: Entities) => Promise<Result>,
): Promise<Result> {
  return em.transactional((inner) => work(dbOf(inner), inner));
}

/** Runs `work` in a read-only transaction in which all reads see one snapshot of the database. */
export function inSnapshot<Result>(em: Entities, work: (db: Db) => Promise<Result>): Promise<Result> {
  return em.transactional((inner) => work(dbOf(inner)), { isolationLevel: 'repeatable read', readOnly: true });
}

/**
 * Ends each later statement of a transaction that takes longer.
 * @param db in a transaction; it throws SQLSTATE 57014 then (`isStatementTimeout`)
 */
export async function limitStatements(db: Db, timeoutMs: number): Promise<void> {
  await sql`SELECT set_config('statement_timeout', ${String(timeoutMs)}, true)`.execute(db);
}

/** True for a statement that PostgreSQL ended, however deep the driver wraps its error. */
export function isStatementTimeout(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('code' in error && error.code === '57014') || isStatementTimeout(error.cause);
}

/** Names the snapshot of a transaction, for other connections to read in while it is open. @param db in a snapshot */
export async function exportSnapshot(db: Db): Promise<string> {
  const { rows } = await sql<{ id: string }>`SELECT pg_export_snapshot() AS id`.execute(db);
  const id = rows[0]?.id;
  if (id === undefined) throw new Error('PostgreSQL exported no snapshot');
  return id;
}
