import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';

const LAST_REQUESTS = 5;

/**
 * Returns whether any of the last five AI requests of the 24 hours before `endExclusive` succeeded. If all failed, the
 * model is probably unreachable. Null if there were none.
 */
export async function lastAiRequestsSucceed(db: Db, orgId: string, endExclusive: Date): Promise<boolean | null> {
  const { rows } = await sql<{ succeeds: boolean | null }>`
    SELECT bool_or(success) AS succeeds FROM (
      SELECT success FROM ai_usage
      WHERE org_id = ${orgId} AND occurred_at >= ${endExclusive}::timestamptz - interval '1 day'
        AND occurred_at < ${endExclusive}::timestamptz
      ORDER BY occurred_at DESC, usage_id DESC LIMIT ${LAST_REQUESTS}
    ) last`.execute(db);
  return rows[0]?.succeeds ?? null;
}
