import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';
import { GRAINS, intervalsOf } from '../domain/buckets.ts';
import type { Fact } from '../facts/index.ts';
import { refreshUserDays, type UserOnDay } from './refresh-user-days.ts';
import { withoutNestedLoops, withoutSorts } from './steer-planner.ts';
import { userActivity } from './user-activity.ts';

const DAY_MS = GRAINS.day * 1000;

/**
 * Recomputes the user rows (`user_rollup`, `user_days`, `known_users`) of a fact for some quarter hours. Idempotent. A
 * row holds a whole day, so the other quarter hours of a changed row are carried over.
 * @param quarterHours bucket starts in epoch milliseconds, ascending
 */
export async function refreshUsers(trx: Db, fact: Fact, orgId: string, quarterHours: readonly number[]): Promise<void> {
  if (!fact.rollup.users) return;
  const dirty = JSON.stringify(
    quarterHours.map((start) => ({
      day: dayOf(start),
      quarter_hour: (start % DAY_MS) / (GRAINS.quarter_hour * 1000),
    })),
  );
  const [first, last] = [quarterHours[0], quarterHours.at(-1)];
  if (first === undefined || last === undefined) return;
  // Constant bounds keep other days from being read, whichever join the planner chooses.
  const onTheseDays = sql`u.day BETWEEN ${dayOf(first)}::date AND ${dayOf(last)}::date`;
  const touching = sql<UserOnDay>`
    WITH dirty AS MATERIALIZED (SELECT * FROM json_to_recordset(${dirty}::json) AS r(day date, quarter_hour smallint)),
    dirty_days AS MATERIALIZED (SELECT day, array_agg(quarter_hour) AS quarter_hours FROM dirty GROUP BY day),
    fresh AS MATERIALIZED (${userActivity(fact, orgId, intervalsOf(quarterHours, 'quarter_hour'))}),
    touched AS MATERIALIZED (
      SELECT day, user_id FROM fresh
      UNION
      SELECT u.day, u.user_id FROM user_rollup u JOIN dirty_days d ON d.day = u.day
      WHERE u.org_id = ${orgId} AND u.kind = ${fact.kind} AND ${onTheseDays} AND u.quarter_hours && d.quarter_hours
    ),
    deleted AS (
      DELETE FROM user_rollup u USING touched c
      WHERE u.org_id = ${orgId} AND u.kind = ${fact.kind} AND ${onTheseDays} AND u.day = c.day AND u.user_id = c.user_id
      RETURNING u.*
    ),
    kept AS (
      SELECT o.day, o.user_id, o.name, o.feature, q.quarter_hour, q.count, q.amount, q.first_ms, q.last_ms
      FROM deleted o JOIN dirty_days d ON d.day = o.day
      CROSS JOIN LATERAL unnest(o.quarter_hours, o.counts, o.amounts, o.first_ms, o.last_ms)
        AS q(quarter_hour, count, amount, first_ms, last_ms)
      WHERE q.quarter_hour <> ALL (d.quarter_hours)
    ),
    written AS (
      INSERT INTO user_rollup (org_id, kind, day, user_id, name, feature, quarter_hours, counts, amounts, first_ms, last_ms, count, amount)
      SELECT ${orgId}, ${fact.kind}, day, user_id, name, feature, array_agg(quarter_hour ORDER BY quarter_hour),
             array_agg(count ORDER BY quarter_hour), array_agg(amount ORDER BY quarter_hour), array_agg(first_ms ORDER BY quarter_hour),
             array_agg(last_ms ORDER BY quarter_hour),
             sum(count), sum(amount)
      FROM (SELECT * FROM kept UNION ALL SELECT * FROM fresh) q
      GROUP BY day, user_id, name, feature
    )
    SELECT day::text AS day, user_id FROM touched`;
  const { rows } = await withoutNestedLoops(trx, () => touching.execute(trx));
  await refreshUserDays(trx, orgId, rows);
  await refreshKnownUsers(trx, orgId, [...new Set(rows.map(({ user_id }) => user_id))], new Date(first));
}

function dayOf(startMs: number): string {
  return new Date(startMs).toISOString().slice(0, 10);
}

/**
 * Recomputes when users were first seen, over all facts. Deletes users without activity left. All changes are at
 * `changedFrom` or later, so users first seen before that are skipped. Requires refreshed `user_days`.
 */
async function refreshKnownUsers(trx: Db, orgId: string, userIds: readonly string[], changedFrom: Date): Promise<void> {
  if (userIds.length === 0) return;
  // The planner sees all values of an array: it looks up each by the key, or reads the organisation once and hashes them.
  // With a lookup per user it may read the whole organisation each time, by another index.
  const users = sql`${[...userIds]}::text[]`;
  const statement = sql`
    WITH touched AS MATERIALIZED (
      SELECT user_id FROM unnest(${users}) AS c(user_id) WHERE user_id NOT IN (
        SELECT k.user_id FROM known_users k
        WHERE k.org_id = ${orgId} AND k.user_id = ANY (${users}) AND k.first_seen < ${changedFrom}::timestamptz)
    ),
    -- The index on users and days finds the first day without reading other days; the row of that day holds the time.
    seen AS MATERIALIZED (
      SELECT c.user_id, first.day::timestamp AT TIME ZONE 'UTC' + d.first_ms * interval '1 millisecond' AS at
      FROM touched c
      LEFT JOIN LATERAL (
        SELECT f.day FROM user_rollup f WHERE f.org_id = ${orgId} AND f.user_id = c.user_id ORDER BY f.day LIMIT 1
      ) first ON true
      LEFT JOIN LATERAL (
        SELECT u.first_ms FROM user_days u WHERE u.org_id = ${orgId} AND u.day = first.day AND u.user_id = c.user_id LIMIT 1
      ) d ON true
    ),
    forgotten AS (
      DELETE FROM known_users k
      WHERE k.org_id = ${orgId} AND k.user_id = ANY (${users}) AND k.first_seen >= ${changedFrom}::timestamptz
        -- NOT IN is hashed; a join with those that were not seen may read all that were once for each user.
        AND k.user_id NOT IN (SELECT user_id FROM seen WHERE at IS NOT NULL)
    )
    INSERT INTO known_users AS k (org_id, user_id, first_seen)
    SELECT ${orgId}, user_id, at FROM seen WHERE at IS NOT NULL
    ON CONFLICT (org_id, user_id) DO UPDATE SET first_seen = excluded.first_seen
    WHERE k.first_seen IS DISTINCT FROM excluded.first_seen`;
  await withoutSorts(trx, () => statement.execute(trx));
}
