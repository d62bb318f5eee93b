import { type RawBuilder, sql } from 'kysely';
import { type Interval, intervalsOf } from '../../domain/buckets.ts';
import type { Fact } from '../../facts/index.ts';
import { within } from '../../rollups/intervals.ts';

/** Quarter hours of a fact that changed since its user rows were made, in milliseconds, in order. */
export interface DirtyFact {
  fact: Fact;
  dirty: readonly number[];
}

/**
 * When each user of an organisation was first seen, also by what has not been refreshed yet: rows of `user_id` and `at`.
 */
export function firstSeen(orgId: string, changes: readonly DirtyFact[]): RawBuilder<unknown> {
  const dirty = changes.filter(({ dirty: quarterHours }) => quarterHours.length > 0);
  if (dirty.length === 0) return sql`SELECT user_id, first_seen AS at FROM known_users WHERE org_id = ${orgId}`;
  const fresh = dirty.map(({ fact, dirty: quarterHours }) => {
    const at = sql.ref(`t.${fact.timeColumn}`);
    return sql`SELECT t.user_id, min(${at}) AS at FROM ${sql.table(fact.kind)} t
      WHERE t.org_id = ${orgId} AND t.user_id IS NOT NULL AND ${within(at, intervals(quarterHours))} GROUP BY t.user_id`;
  });
  const changed = sql.join(
    dirty.map(({ dirty: quarterHours }) => within(sql`k.first_seen`, intervals(quarterHours))),
    sql` OR `,
  );
  const clean = sql.join(
    dirty.map(
      ({ fact, dirty: quarterHours }) =>
        sql`NOT (u.kind = ${fact.kind} AND ${within(sql`q.at`, intervals(quarterHours))})`,
    ),
    sql` AND `,
  );
  return sql`
    SELECT user_id, min(at) AS at FROM (
      SELECT k.user_id, k.first_seen AS at FROM known_users k WHERE k.org_id = ${orgId} AND NOT (${changed})
      UNION ALL
      -- Who came in a quarter hour that changed may have come later, or not at all.
      SELECT k.user_id, rest.at FROM known_users k CROSS JOIN LATERAL (
        SELECT min(q.at) AS at FROM user_rollup u
        CROSS JOIN LATERAL (
          SELECT u.day::timestamp AT TIME ZONE 'UTC' + ms * interval '1 millisecond' AS at FROM unnest(u.first_ms) AS f(ms)) q
        WHERE u.org_id = ${orgId} AND u.user_id = k.user_id AND ${clean}
      ) rest
      WHERE k.org_id = ${orgId} AND (${changed}) AND rest.at IS NOT NULL
      UNION ALL ${sql.join(fresh, sql` UNION ALL `)}
    ) s GROUP BY user_id`;
}

function intervals(quarterHours: readonly number[]): Interval[] {
  return intervalsOf(quarterHours, 'quarter_hour');
}
