import { sql } from 'kysely';
import type { PurgeRef } from '../contracts/retention.ts';
import type { Db } from '../db/orm.ts';
import { ensurePartition } from '../db/partitions.ts';
import type { Fact } from '../facts/index.ts';
import { forgetKeys } from './fact-page.ts';
import { addRemoved } from './purge-counts.ts';

/** Lock timeout. Readers and writers queue behind the lock for this long at most; a locked partition is retried in the next run. */
const LOCK_TIMEOUT = '2s';
/** Keys deleted per batch. */
const BATCH_KEYS = 5_000;

export interface DropOutcome {
  dropped: number;
  /** Partitions that were locked; the next run retries them. */
  skipped: string[];
}

interface Partition {
  name: string;
  /** Its first day. */
  month: string;
  isAttached: boolean;
  isPending: boolean;
}

/**
 * Drops the partitions of a fact that lie before every organisation's retention floor. This is much cheaper than deleting
 * rows and frees the space at once. Resumes a partition that was half detached when its worker was killed.
 * @param ref the organisation and run to count rows for; null for a run without an organisation
 */
export async function dropOldPartitions(
  db: Db,
  fact: Fact,
  ref: PurgeRef | null,
  signal: AbortSignal,
): Promise<DropOutcome> {
  const outcome: DropOutcome = { dropped: 0, skipped: [] };
  for (const partition of await unkeptPartitions(db, fact)) {
    signal.throwIfAborted();
    if (!(await isNobodys(db, fact, partition))) continue;
    try {
      if (await dropPartition(db, fact, partition, ref, signal)) outcome.dropped += 1;
    } catch (error) {
      if (!isLockTimeout(error)) throw error;
      outcome.skipped.push(partition.name);
    }
  }
  return outcome;
}

/** Lists partitions before every floor, oldest first: attached, half detached, or detached and not dropped. */
async function unkeptPartitions(db: Db, fact: Fact): Promise<Partition[]> {
  const { rows } = await sql<{ name: string; is_attached: boolean; is_pending: boolean }>`
    SELECT c.relname AS name, i.inhrelid IS NOT NULL AS is_attached, coalesce(i.inhdetachpending, false) AS is_pending
    FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
    WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
      AND c.relname ~ ${`^${fact.kind}_\\d{4}_\\d{2}$`}
      AND (to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC' <= (
        SELECT min(coalesce(f.at, '-infinity'))
        FROM organisations o LEFT JOIN retention_floors f ON f.org_id = o.org_id AND f.kind = ${fact.kind})
    ORDER BY c.relname`.execute(db);
  return rows.map(({ name, is_attached, is_pending }) => ({
    name,
    month: `${name.slice(-7).replace('_', '-')}-01`,
    isAttached: is_attached,
    isPending: is_pending,
  }));
}

/** Returns whether no organisation retains this month and none under legal hold has rows in it. */
async function isNobodys(db: Db, fact: Fact, { name, month }: Partition): Promise<boolean> {
  const { rows } = await sql<{ is_kept: boolean }>`
    SELECT EXISTS (
      SELECT FROM organisations o LEFT JOIN retention_floors f ON f.org_id = o.org_id AND f.kind = ${fact.kind}
      WHERE f.at IS NULL OR f.at < (${month}::date + interval '1 month') AT TIME ZONE 'UTC'
         OR (o.legal_hold AND EXISTS (SELECT FROM ${sql.table(name)} t WHERE t.org_id = o.org_id))
    ) AS is_kept`.execute(db);
  return rows[0]?.is_kept === false;
}

/**
 * Runs on one connection of its own: DETACH CONCURRENTLY cannot run inside a transaction, and the advisory lock is held
 * by the session over all steps. The transactions here therefore open on that connection, not with `inTransaction`.
 */
function dropPartition(
  pool: Db,
  fact: Fact,
  partition: Partition,
  ref: PurgeRef | null,
  signal: AbortSignal,
): Promise<boolean> {
  return pool.connection().execute(async (db) => {
    const table = sql.table(partition.name);
    await sql`SELECT set_config('lock_timeout', ${LOCK_TIMEOUT}, false)`.execute(db);
    // The lock of ensure_partition, so that the partition is not recreated meanwhile.
    const lock = sql`hashtext('ensure_partition'), hashtext(${partition.name})`;
    try {
      await sql`SELECT pg_advisory_lock(${lock})`.execute(db);
      try {
        if (partition.isPending) {
          await sql`ALTER TABLE ${sql.table(fact.kind)} DETACH PARTITION ${table} FINALIZE`.execute(db);
        } else if (partition.isAttached) {
          await sql`ALTER TABLE ${sql.table(fact.kind)} DETACH PARTITION ${table} CONCURRENTLY`.execute(db);
        }
        // An organisation or a legal hold may have been added during the wait; then the partition is attached again.
        if (!(await isNobodys(db, fact, partition))) {
          await ensurePartition(db, fact.kind, partition.month);
          return false;
        }
        await forgetPartitionKeys(db, fact, partition, ref, signal);
        await db.transaction().execute(async (trx) => {
          await sql`DROP TABLE ${table}`.execute(trx);
          if (ref) await addRemoved(trx, ref, fact.kind, { rows: 0, partitionsDropped: 1 });
        });
        return true;
      } finally {
        await sql`SELECT pg_advisory_unlock(${lock})`.execute(db);
      }
    } finally {
      await sql`RESET lock_timeout`.execute(db);
    }
  });
}

interface KeyPosition {
  orgId: string;
  at: string;
  id: string;
}

/** Deletes the keys of all rows in batches. Each row is counted once, when its key is deleted. */
async function forgetPartitionKeys(
  db: Db,
  fact: Fact,
  partition: Partition,
  ref: PurgeRef | null,
  signal: AbortSignal,
): Promise<void> {
  const forgetAfter = (after: KeyPosition | null) =>
    db.transaction().execute((trx) => forgetKeyBatch(trx, fact, partition, ref, after));
  for (let after = await forgetAfter(null); after !== null; after = await forgetAfter(after)) signal.throwIfAborted();
}

/** Handles one organisation at a time. @returns the last row of the batch; null if no row was left */
async function forgetKeyBatch(
  trx: Db,
  fact: Fact,
  { name }: Partition,
  ref: PurgeRef | null,
  after: KeyPosition | null,
): Promise<KeyPosition | null> {
  const at = sql.ref(fact.timeColumn);
  const id = sql.ref(fact.idColumn);
  const { rows } = await sql<{ org_id: string; at: string; id: string }>`
    SELECT org_id, ${at} AS at, ${id} AS id FROM ${sql.table(name)}
    ${after === null ? sql`` : sql`WHERE (org_id, ${at}, ${id}) > (${after.orgId}, ${after.at}::timestamptz, ${after.id})`}
    ORDER BY org_id, ${at}, ${id} LIMIT ${BATCH_KEYS}`.execute(trx);
  const orgId = rows[0]?.org_id;
  const own = rows.filter((row) => row.org_id === orgId);
  const last = own.at(-1);
  if (orgId === undefined || !last) return null;
  const gone = sql`json_to_recordset(${JSON.stringify(own)}::json) AS r(id text, at timestamptz)`;
  const { rows: forgotten } = await sql<{ rows: string }>`
    WITH gone AS (SELECT r.id, r.at FROM ${gone}), keys AS (${forgetKeys(orgId, fact.kind, 'gone')} RETURNING 1)
    SELECT count(*) AS rows FROM keys`.execute(trx);
  const removed = Number(forgotten[0]?.rows ?? 0);
  if (ref?.orgId === orgId && removed > 0) await addRemoved(trx, ref, fact.kind, { rows: removed });
  return { orgId, at: last.at, id: last.id };
}

function isLockTimeout(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '55P03';
}
