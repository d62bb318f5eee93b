import { type RawBuilder, sql } from 'kysely';
import { daysOfRange, rangeOf, readLatestDays } from '../calendar/days-of-range.ts';
import { containsPattern } from '../db/contains-pattern.ts';
import type { Db, Entities } from '../db/orm.ts';
import { inSnapshot } from '../db/snapshot.ts';
import type { Position } from '../domain/cursor.ts';
import type { TimeRange } from '../domain/time-range.ts';
import type { FactKind } from '../facts/index.ts';
import type { MetricSubject } from '../metrics/ask.ts';
import type { UsageCounter } from '../metrics/definition.ts';
import { userRows } from '../metrics/user-rows.ts';

/** What a user's day shows, in the order of its columns; as the `user_activity` report has it. */
export const USER_DAY_MEASURES = [
  'login_count',
  'message_count',
  'files_uploaded',
  'session_count',
  'session_duration_sec',
  'event_count',
  'execution_count',
] as const;
export type UserDayMeasure = (typeof USER_DAY_MEASURES)[number];

/** From which rows each is made: events count by their names, as the settings say. */
const MADE_OF: Readonly<Record<UserDayMeasure, { kind: FactKind; counter?: UsageCounter; seconds?: true }>> = {
  login_count: { kind: 'events', counter: 'login' },
  message_count: { kind: 'events', counter: 'message' },
  files_uploaded: { kind: 'events', counter: 'file_upload' },
  session_count: { kind: 'sessions' },
  session_duration_sec: { kind: 'sessions', seconds: true },
  event_count: { kind: 'events' },
  execution_count: { kind: 'executions' },
};

/** The facts that a user's days are made of. */
const USER_DAY_FACTS = ['events', 'sessions', 'executions'] as const satisfies readonly FactKind[];

export interface UserDaysQuery {
  subject: MetricSubject;
  range: TimeRange;
  userId: string | undefined;
  /** Part of a user's id. */
  search: string | undefined;
  atLeast: Readonly<Partial<Record<UserDayMeasure, number>>>;
  atMost: Readonly<Partial<Record<UserDayMeasure, number>>>;
  /** The day, as its midnight in UTC, and the user of the last row of the page before. */
  after: Position | undefined;
  limit: number;
}

export type UserDay = { user_id: string; date: string } & Record<UserDayMeasure, string>;

/** What each user did on each local day on which they did anything: the latest day first, then by user. */
export async function listUserDays(em: Entities, query: UserDaysQuery): Promise<UserDay[]> {
  const lastDate = query.after?.at.toISOString().slice(0, 10);
  return inSnapshot(em, async (db) => {
    const days = (await daysOfRange(db, query.range)).filter(({ date }) => lastDate === undefined || date <= lastDate);
    // One user's days are few, and an index finds them wherever they are.
    const firstDays = query.userId === undefined ? 1 : days.length;
    return readLatestDays(days, { limit: query.limit, firstDays }, (window, missing) =>
      readWindow(db, query, rangeOf(window), missing),
    );
  });
}

async function readWindow(db: Db, query: UserDaysQuery, range: TimeRange, limit: number): Promise<UserDay[]> {
  const { subject, userId, search, after } = query;
  const only = [sql`true`];
  if (userId !== undefined) only.push(sql`t.user_id = ${userId}`);
  if (search !== undefined) only.push(sql`t.user_id ILIKE ${containsPattern(search)}`);
  const rows = await userRows(db, {
    orgId: subject.orgId,
    kinds: USER_DAY_FACTS,
    range,
    columns: ['user_id', 'name', 'count', 'amount'],
    only: sql.join(only, sql` AND `),
  });
  const date = sql`(r.bucket AT TIME ZONE ${range.timeZone})::date`;
  const measures = USER_DAY_MEASURES.map((name) => sql`${measureOf(name, subject)} AS ${sql.ref(name)}`);
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
    FROM (
      SELECT r.user_id, ${date} AS date, ${sql.join(measures)} FROM (${rows}) r GROUP BY r.user_id, r.bucket
    ) d
    WHERE ${sql.join(conditions, sql` AND `)} ORDER BY d.date DESC, d.user_id LIMIT ${limit}`.execute(db);
  return found.rows;
}

function measureOf(name: UserDayMeasure, { counters }: MetricSubject): RawBuilder<unknown> {
  const { kind, counter, seconds } = MADE_OF[name];
  const value = seconds ? sql`r.amount` : sql`r.count`;
  const named = counter
    ? sql` AND r.name = ANY (ARRAY(SELECT json_array_elements_text(${JSON.stringify(counters[counter])}::json)))`
    : sql``;
  const sum = sql`coalesce(sum(${value}) FILTER (WHERE r.kind = ${sql.lit(kind)}${named}), 0)`;
  return seconds ? sql`${sum} / 1000` : sum;
}
