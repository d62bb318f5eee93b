import { sql } from 'kysely';
import { dbOf, type Entities } from '../db/orm.ts';
import { userDays } from './refresh-user-days.ts';
import type { Difference } from './verify-day.ts';

/**
 * Compares `user_days` with `user_rollup`, from the retention floor of rollups on. Both are written in one transaction.
 */
export async function verifyUserDays(em: Entities, orgId: string): Promise<Difference[]> {
  const kept = sql`(day::timestamp AT TIME ZONE 'UTC') >= coalesce(
    (SELECT at FROM retention_floors WHERE org_id = ${orgId} AND kind = 'rollups'), '-infinity')`;
  const { rows } = await sql<{ day: string; missing: string; surplus: string }>`
    WITH expected AS MATERIALIZED (${userDays(sql`FROM user_rollup u WHERE u.org_id = ${orgId}`)})
    SELECT coalesce(e.day, d.day)::text AS day, count(*) FILTER (WHERE e.day IS NOT NULL) AS missing,
           count(*) FILTER (WHERE d.day IS NOT NULL) AS surplus
    FROM (SELECT * FROM expected WHERE ${kept}) e
    FULL JOIN (SELECT * FROM user_days WHERE org_id = ${orgId} AND ${kept}) d ON d.day = e.day AND d.user_id = e.user_id
    WHERE (e.count, e.first_ms, e.last_ms) IS DISTINCT FROM (d.count, d.first_ms, d.last_ms)
    GROUP BY 1 ORDER BY 1`.execute(dbOf(em));
  return rows.map(({ day, missing, surplus }) => ({
    orgId,
    table: 'user_days',
    day,
    grain: 'user',
    missing: Number(missing),
    surplus: Number(surplus),
  }));
}
