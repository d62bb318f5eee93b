import { type RawBuilder, sql } from 'kysely';
import { type Interval, intervalsOf } from '../../domain/buckets.ts';
import type { TimeRange } from '../../domain/time-range.ts';
import type { Fact } from '../../facts/index.ts';
import { within } from '../../rollups/intervals.ts';
import { localColumns, type Scope } from './measures.ts';

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

/** Users by when they were first seen: rows of the bucket, where there is one, and `users`. @param seen as of `firstSeen` */
export function compileKnownUsers(
  scope: Scope,
  range: TimeRange,
  which: 'all' | 'new',
  seen: RawBuilder<unknown>,
): RawBuilder<unknown> {
  const bucket = localColumns(scope, sql`s.at`).map(({ name, value }) => sql`${value} AS ${sql.ref(name)}`);
  const columns = sql.join([...bucket, sql`count(*) AS users`]);
  const grouped = bucket.length > 0 ? sql`GROUP BY 1` : sql``;
  const since = which === 'new' ? sql`s.at >= ${range.startInclusive}::timestamptz AND ` : sql``;
  return sql`SELECT ${columns} FROM (${seen}) s WHERE ${since}s.at < ${range.endExclusive}::timestamptz ${grouped}`;
}
