import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../db/orm.ts';
import { withoutNestedLoops } from './steer-planner.ts';

/** A user and a UTC day, such as `2026-11-21`. */
export interface UserOnDay {
  day: string;
  user_id: string;
}

/** If more users of a day changed, the whole day is recomputed: one pass over its rows instead of one per user. */
const FEW_USERS_OF_DAY = 1_000;

/** Recomputes the `user_days` rows of some users and days from `user_rollup`. Deletes rows without activity left. */
export async function refreshUserDays(trx: Db, orgId: string, touched: readonly UserOnDay[]): Promise<void> {
  const byDay = Map.groupBy(touched, ({ day }) => day);
  const many = [...byDay].flatMap(([day, users]) => (users.length > FEW_USERS_OF_DAY ? [day] : []));
  const few = touched.filter(({ day }) => !many.includes(day));
  if (many.length > 0) {
    const onDays = sql`org_id = ${orgId} AND day = ANY (ARRAY(SELECT json_array_elements_text(${JSON.stringify(many)}::json)::date))`;
    await sql`DELETE FROM user_days WHERE ${onDays}`.execute(trx);
    await insert(trx, orgId, userDays(sql`FROM user_rollup u WHERE ${onDays}`));
  }
  if (few.length > 0) {
    const users = sql`json_to_recordset(${JSON.stringify(few)}::json) AS c(day date, user_id text)`;
    // Each row by its key, whatever the planner expects: joined, the users of a day that no statistics know are compared
    // with each other.
    await sql`DELETE FROM user_days d USING ${users}
      CROSS JOIN LATERAL (
        SELECT k.ctid AS place FROM user_days k
        WHERE k.org_id = ${orgId} AND k.day = c.day AND k.user_id = c.user_id LIMIT 1
      ) k
      WHERE d.ctid = k.place`.execute(trx);
    const days = few.map(({ day }) => day).sort();
    const own = sql`FROM ${users} JOIN user_rollup u ON u.user_id = c.user_id AND u.day = c.day
      AND u.org_id = ${orgId} AND u.day BETWEEN ${days[0]}::date AND ${days.at(-1)}::date
      AND u.user_id = ANY (${[...new Set(few.map(({ user_id }) => user_id))]}::text[])`;
    await withoutNestedLoops(trx, () => insert(trx, orgId, userDays(own)));
  }
}

async function insert(trx: Db, orgId: string, rows: RawBuilder<unknown>): Promise<void> {
  await sql`INSERT INTO user_days (org_id, day, user_id, count, first_ms, last_ms)
    SELECT ${orgId}, day, user_id, count, first_ms, last_ms FROM (${rows}) r`.execute(trx);
}

/** The expected rows of `user_days`. @param from FROM clause and the rest, with `user_rollup` as `u` */
export function userDays(from: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`SELECT u.day, u.user_id, sum(u.count)::integer AS count, min(u.first_ms[1]) AS first_ms,
      max(u.last_ms[cardinality(u.last_ms)]) AS last_ms
    ${from} GROUP BY u.day, u.user_id`;
}
