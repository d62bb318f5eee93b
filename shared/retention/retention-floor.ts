import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';
import { awaitRefresh } from '../rollups/refresh-dirty.ts';
import { takeCutoff } from '../telemetry/cutoff.ts';

/**
 * Raises the time from which on a kind is kept; a floor that is as high already stays. With it go the marks of buckets
 * before it, which nobody may recompute any more: a refresh that knows the old floor is waited for. So is, a moment, the
 * organisation's ingestion: what was being written is there to be purged, and what comes later is refused.
 * @param kind a fact, or `rollups`
 * @returns false where the floor was as high already
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
