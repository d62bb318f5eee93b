import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../db/orm.ts';
import type { TimeRange } from '../domain/time-range.ts';
import type { Filter, Question } from './question.ts';
import { type MetricSubject, type Relation, relation, relationAsOf } from './relation.ts';

/** What a user's day shows, in the order of its columns. */
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

/** Each measure of a user's day as the catalog has it. */
export const USER_DAY_METRICS: Readonly<Record<UserDayMeasure, string>> = {
  login_count: 'events.logins',
  message_count: 'events.messages',
  files_uploaded: 'events.file_uploads',
  session_count: 'sessions.count',
  session_duration_sec: 'sessions.duration_ms',
  event_count: 'events.count',
  execution_count: 'executions.count',
};

/** The metrics of which any is above 0 on a day with activity. */
export const ACTIVITY_METRICS = [
  USER_DAY_METRICS.event_count,
  USER_DAY_METRICS.session_count,
  USER_DAY_METRICS.execution_count,
] as const;

/** What each user did on each local day: a row for a day with any activity. */
function userDaysQuestion(filters: readonly Filter[]): Question {
  return {
    metrics: Object.values(USER_DAY_METRICS),
    group_by: ['user'],
    granularity: 'day',
    filters: [{ dimension: 'user', operator: 'is_not_null' }, ...filters],
  };
}

/** Rows of `user_id`, `date` and the measures of a user's day. @param db in the snapshot in which they are read */
export async function userDays(
  db: Db,
  subject: MetricSubject,
  filters: readonly Filter[],
  range: TimeRange,
): Promise<RawBuilder<unknown>> {
  return measured(await relation(db, subject, userDaysQuestion(filters), range), range);
}

/** The same of the facts that were stored up to a moment, a time in PostgreSQL's full precision. */
export function userDaysAsOf(
  subject: MetricSubject,
  filters: readonly Filter[],
  range: TimeRange,
  asOf: string,
): RawBuilder<unknown> {
  return measured(relationAsOf(subject, userDaysQuestion(filters), range, asOf), range);
}

function measured({ rows }: Relation, { timeZone }: TimeRange): RawBuilder<unknown> {
  const measures = USER_DAY_MEASURES.map((name) => {
    const value = sql.id('a', USER_DAY_METRICS[name]);
    return sql`${name === 'session_duration_sec' ? sql`trim_scale(${value} / 1000)` : value} AS ${sql.id(name)}`;
  });
  return sql`SELECT a."user" AS user_id, (a.bucket AT TIME ZONE ${timeZone})::date AS date, ${sql.join(measures)}
    FROM (${rows}) a`;
}
