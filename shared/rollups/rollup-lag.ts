import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';

/** Age of the organisation's oldest ledger entry in seconds; 0 if no bucket is dirty. */
export async function rollupLagSeconds(db: Db, orgId: string): Promise<number> {
  const { rows } = await sql<{ seconds: string }>`
    SELECT greatest(0, coalesce(extract(epoch FROM clock_timestamp() - min(marked_at)), 0))::numeric(20, 3) AS seconds
    FROM bucket_ledger WHERE org_id = ${orgId}`.execute(db);
  return Number(rows[0]?.seconds ?? 0);
}
