import { sql } from 'kysely';
import type { PurgeRef } from '../contracts/retention.ts';
import type { Db } from '../db/orm.ts';

/** Longer than any run lasts. */
const KEPT_DAYS = 30;

/** The result of one batch. */
export interface Removed {
  rows: number;
  partitionsDropped?: number;
  firstAt?: string | null;
  lastAt?: string | null;
}

/** Adds the counts of a batch, in the transaction of the batch. @returns the rows removed by the run so far */
export async function addRemoved(trx: Db, { orgId, run }: PurgeRef, name: string, removed: Removed): Promise<number> {
  const { rows } = await sql<{ rows: string }>`
    INSERT INTO purge_counts AS c (org_id, run, name, rows, partitions_dropped, first_at, last_at)
    VALUES (${orgId}, ${run}, ${name}, ${removed.rows}, ${removed.partitionsDropped ?? 0},
            ${removed.firstAt ?? null}::timestamptz, ${removed.lastAt ?? null}::timestamptz)
    ON CONFLICT (org_id, run, name) DO UPDATE SET
      rows = c.rows + excluded.rows,
      partitions_dropped = c.partitions_dropped + excluded.partitions_dropped,
      first_at = least(c.first_at, excluded.first_at),
      last_at = greatest(c.last_at, excluded.last_at),
      updated_at = now()
    RETURNING rows`.execute(trx);
  return Number(rows[0]?.rows ?? 0);
}

export interface RemovedCount {
  name: string;
  rows: number;
  partitionsDropped: number;
  firstAt: string | null;
  lastAt: string | null;
}

/** Reads the counts of a run so far, by name. */
export async function readRemoved(db: Db, { orgId, run }: PurgeRef): Promise<RemovedCount[]> {
  const rows = await db
    .selectFrom('purge_counts')
    .select(['name', 'rows', 'partitions_dropped', 'first_at', 'last_at'])
    .where('org_id', '=', orgId)
    .where('run', '=', run)
    .orderBy('name')
    .execute();
  return rows.map((row) => ({
    name: row.name,
    rows: Number(row.rows),
    partitionsDropped: row.partitions_dropped,
    firstAt: row.first_at,
    lastAt: row.last_at,
  }));
}

/** Deletes the counts of runs that ended long ago. */
export async function forgetRemoved(db: Db, orgId: string): Promise<void> {
  await db
    .deleteFrom('purge_counts')
    .where('org_id', '=', orgId)
    .where('updated_at', '<', sql<string>`now() - make_interval(days => ${KEPT_DAYS})`)
    .execute();
}
