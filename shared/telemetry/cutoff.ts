import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';

/**
 * A cut-off that is stable: `ingested_at <= cutoff` alone would let in rows that were stamped before it and committed
 * after. Ingestion holds its organisation's lock shared from its stamp to its commit; a cut-off takes it exclusively,
 * so every row with an earlier stamp is committed and every later row has a later stamp. The locks go with their transactions.
 */
const CUTOFF_LOCK = 7_405_174;

/** Takes the lock shared, then the time, as text in full precision. */
export async function takeIngestStamp(trx: Db, orgId: string): Promise<string> {
  await sql`SELECT pg_advisory_xact_lock_shared(${CUTOFF_LOCK}, hashtext(${orgId}))`.execute(trx);
  return readClock(trx);
}

/** Waits for ongoing ingestion of the organisation, then takes the time. Call it in a transaction of its own, which releases the lock at once. */
export async function takeCutoff(trx: Db, orgId: string): Promise<string> {
  await sql`SELECT pg_advisory_xact_lock(${CUTOFF_LOCK}, hashtext(${orgId}))`.execute(trx);
  return readClock(trx);
}

/** The database's time, as text in full precision. */
export async function readClock(trx: Db): Promise<string> {
  const { rows } = await sql<{ now: string }>`SELECT clock_timestamp()::text AS now`.execute(trx);
  const now = rows[0]?.now;
  if (now === undefined) throw new Error('PostgreSQL returned no time');
  return now;
}
