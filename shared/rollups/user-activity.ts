import { type RawBuilder, sql } from 'kysely';
import type { Interval } from '../domain/buckets.ts';
import type { Fact } from '../facts/index.ts';
import { during } from './intervals.ts';

/**
 * User activity in some intervals, computed from the facts: one row per UTC day, user, name, feature and quarter hour
 * (0 to 95) with count, amount, and the first and last time in milliseconds of the day.
 */
export function userActivity(fact: Fact, orgId: string, intervals: readonly Interval[]): RawBuilder<unknown> {
  const { users = {} } = fact.rollup;
  const at = sql.ref(`t.${fact.timeColumn}`);
  const { from, where } = during(sql.table(fact.kind), orgId, fact.timeColumn, intervals);
  const day = sql`(${at} AT TIME ZONE 'UTC')::date`;
  // A double holds milliseconds exactly and is several times faster than the numeric of `extract`.
  const msOfDay = sql`((date_part('epoch', ${at}) * 1000)::bigint % 86400000)::integer`;
  return sql`
    SELECT ${day} AS day, t.user_id, ${users.name ?? sql`NULL::text`} AS name, ${users.feature ?? sql`NULL::text`} AS feature,
           (${msOfDay} / 900000)::smallint AS quarter_hour, count(*)::integer AS count,
           ${users.amount ? sql`sum(${users.amount})` : sql`NULL::numeric`} AS amount,
           min(${msOfDay}) AS first_ms, max(${msOfDay}) AS last_ms
    FROM ${from}
    WHERE ${where} AND t.user_id IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5`;
}
