import { type RawBuilder, sql } from 'kysely';
import type { Entities } from '../db/orm.ts';
import { inSnapshot } from '../db/transaction.ts';
import type { TimeRange } from '../domain/time-range.ts';
import {
  activityParts,
  compileActivityBounds,
  compileLastSeen,
  compilePartsOfDays,
  USER_FACTS,
} from '../metrics/compile/active-users.ts';
import { intervalOf } from '../metrics/compile/spans.ts';
import { readStale } from '../rollups/rollup-state.ts';

export interface TopUser {
  user_id: string;
  email: string | null;
  activity_count: string;
  last_active: string;
}

/**
 * Lists the most active users of a range. Activity is the number of events, executions, direct AI usages and sessions
 * started. `last_active` is the latest of these in the range.
 *
 * Daily rows are small, quarter-hour arrays are not. So the partial days at the ends are counted exactly only for users
 * whose upper bound, the full count of those days, can reach the top.
 */
export async function topUsers(em: Entities, orgId: string, range: TimeRange, limit: number): Promise<TopUser[]> {
  return inSnapshot(em, async (db) => {
    const kinds = USER_FACTS.map(({ kind }) => kind);
    const parts = activityParts(orgId, intervalOf(range), await readStale(db, orgId, kinds, range));
    const counted = (rows: RawBuilder<unknown>) => sql`
      SELECT c.user_id, c.sure + coalesce(p.count, 0) AS activity_count, c.last_at FROM (${rows}) c
      CROSS JOIN LATERAL (SELECT sum(d.count) AS count FROM (${compilePartsOfDays(parts, sql`c.user_id`)}) d) p`;
    const top = await sql<TopUser>`
      WITH bounds AS MATERIALIZED (
        SELECT user_id, sum(sure) AS sure, sum(sure + perhaps) AS most, max(last_at) AS last_at
        FROM (${compileActivityBounds(parts)}) b GROUP BY user_id
      ),
      likely AS MATERIALIZED (${counted(sql`SELECT * FROM bounds ORDER BY most DESC LIMIT ${limit * 2}`)}),
      -- So much the last of them did at least: who cannot have done as much is not among them.
      least AS MATERIALIZED (SELECT activity_count FROM likely ORDER BY activity_count DESC OFFSET ${limit - 1} LIMIT 1),
      top AS MATERIALIZED (
        SELECT * FROM (${counted(
          sql`SELECT * FROM bounds WHERE most >= coalesce((SELECT activity_count FROM least), 0)`,
        )}) r
        WHERE activity_count > 0 ORDER BY activity_count DESC, user_id LIMIT ${limit}
      )
      SELECT top.user_id, u.email, top.activity_count, greatest(top.last_at, seen.last_at) AS last_active
      FROM top
      CROSS JOIN LATERAL (SELECT max(d.last_at) AS last_at FROM (${compileLastSeen(parts, sql`top.user_id`)}) d) seen
      LEFT JOIN users u ON u.org_id = ${orgId} AND u.user_id = top.user_id
      ORDER BY top.activity_count DESC, top.user_id`.execute(db);
    return top.rows;
  });
}
