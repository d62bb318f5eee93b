import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';

/**
 * A stable cut-off. `ingested_at <= cutoff` alone would include rows stamped before it and committed after it. Ingestion
 * holds the organisation's advisory lock shared from stamp to commit; a cut-off takes it exclusively. So every row with
 * an earlier stamp is committed and every later row has a later stamp. The locks are released at the end of the transaction.
 */
const CUTOFF_LOCK = 7_405_174;

/** Takes the lock shared, then returns the time as text in full precision. */
export async function takeIngestStamp(trx: Db, orgId: string): Promise<string> {
  await sql`SELECT pg_advisory_xact_lock_shared(${CUTOFF_LOCK}, hashtext(${orgId}))`.execute(trx);
  return readClock(trx);
}

/** Waits for the organisation's ingestion in flight, then returns the time. Call it in its own transaction to release the lock at once. */
export async function takeCutoff(trx: Db, orgId: string): Promise<string> {
  await sql`SELECT pg_advisory_xact_lock(${CUTOFF_LOCK}, hashtext(${orgId}))`.execute(trx);
  return readClock(trx);
}

/** Returns the database's time as text in full precision. */
export async function readClock(trx: Db): Promise<string> {
  const { rows } = await sql<{ now: string }>`SELECT clock_timestamp()::text AS now`.execute(trx);
  const now = rows[0]?.now;
  if (now === undefined) throw new Error('PostgreSQL returned no time');
  return now;
}
