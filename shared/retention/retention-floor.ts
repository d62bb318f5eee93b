import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';
import { awaitRefresh } from '../rollups/refresh-dirty.ts';
import { takeCutoff } from '../telemetry/cutoff.ts';

/**
 * Raises the retention floor of a kind and deletes the marks of buckets before it, which must not be recomputed. Waits
 * for a refresh that read the old floor, and briefly for the organisation's ingestion: rows being written are then
 * visible to the purge, and later ones are rejected.
 * @param kind a fact, or `rollups`
 * @returns false if the floor was already as high
 */
export async function raiseRetentionFloor(trx: Db, orgId: string, kind: string, cutoff: string): Promise<boolean> {
  const known = await trx
    .selectFrom('retention_floors')
    .select(sql<boolean>`at >= ${cutoff}::timestamptz`.as('isHigh'))
    .where('org_id', '=', orgId)
    .where('kind', '=', kind)
    .executeTakeFirst();
  if (known?.isHigh) return false;
  await awaitRefresh(trx, orgId);
  await takeCutoff(trx, orgId);
  await sql`
    INSERT INTO retention_floors AS f (org_id, kind, at) VALUES (${orgId}, ${kind}, ${cutoff}::timestamptz)
    ON CONFLICT (org_id, kind) DO UPDATE SET at = greatest(f.at, excluded.at)`.execute(trx);
  await sql`DELETE FROM bucket_ledger
    WHERE org_id = ${orgId} AND kind = ${kind} AND bucket < ${cutoff}::timestamptz`.execute(trx);
  await sql`DELETE FROM awaited_executions
    WHERE org_id = ${orgId} AND kind = ${kind} AND bucket < ${cutoff}::timestamptz`.execute(trx);
  return true;
}
