import { sql } from 'kysely';
import { daysOfRange, rangeOf, readLatestDays } from '../calendar/days-of-range.ts';
import type { Db, Entities } from '../db/orm.ts';
import { inSnapshot } from '../db/transaction.ts';
import type { Position } from '../domain/cursor.ts';
import type { TimeRange } from '../domain/time-range.ts';
import type { MetricSubject } from '../metrics/ask.ts';
import type { Filter } from '../metrics/question.ts';
import { USER_DAY_MEASURES, type UserDayMeasure, userDays } from '../metrics/user-activity.ts';

export interface UserDaysQuery {
  subject: MetricSubject;
  range: TimeRange;
  userId: string | undefined;
  /** Part of a user's id. */
  search: string | undefined;
  atLeast: Readonly<Partial<Record<UserDayMeasure, number>>>;
  atMost: Readonly<Partial<Record<UserDayMeasure, number>>>;
  /** The last row of the previous page: its day, as midnight UTC, and its user. */
  after: Position | undefined;
  limit: number;
}

export type UserDay = { user_id: string; date: string } & Record<UserDayMeasure, string>;

/** Lists activity per user and local day, latest day first, then by user. Days without activity are omitted. */
export async function listUserDays(em: Entities, query: UserDaysQuery): Promise<UserDay[]> {
  const lastDate = query.after?.at.toISOString().slice(0, 10);
  return inSnapshot(em, async (db) => {
    const days = (await daysOfRange(db, query.range)).filter(({ date }) => lastDate === undefined || date <= lastDate);
    // One user has few days, and an index finds them anywhere in the range.
    const firstDays = query.userId === undefined ? 1 : days.length;
    return readLatestDays(days, { limit: query.limit, firstDays }, (window, missing) =>
      readWindow(db, query, rangeOf(window), missing),
    );
  });
}

async function readWindow(db: Db, query: UserDaysQuery, range: TimeRange, limit: number): Promise<UserDay[]> {
  const { subject, userId, search, after } = query;
  const filters: Filter[] = [];
  if (userId !== undefined) filters.push({ dimension: 'user', operator: 'equal', value: userId });
  if (search !== undefined) filters.push({ dimension: 'user', operator: 'contains', value: search });
  const conditions = [sql`true`];
  if (after) {
    const day = sql`${after.at.toISOString().slice(0, 10)}::date`;
    conditions.push(sql`(d.date < ${day} OR (d.date = ${day} AND d.user_id > ${after.id}))`);
  }
  for (const name of USER_DAY_MEASURES) {
    const [least, most] = [query.atLeast[name], query.atMost[name]];
    if (least !== undefined) conditions.push(sql`${sql.ref(`d.${name}`)} >= ${least}::numeric`);
    if (most !== undefined) conditions.push(sql`${sql.ref(`d.${name}`)} <= ${most}::numeric`);
  }
  const found = await sql<UserDay>`
    SELECT d.user_id, d.date::text AS date, ${sql.join(USER_DAY_MEASURES.map((name) => sql.ref(`d.${name}`)))}
    FROM (${await userDays(db, subject, filters, range)}) d
    WHERE ${sql.join(conditions, sql` AND `)} ORDER BY d.date DESC, d.user_id LIMIT ${limit}`.execute(db);
  return found.rows;
}
