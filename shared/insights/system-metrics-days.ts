import { type RawBuilder, sql } from 'kysely';
import { localDay } from '../calendar/local-days.ts';
import { startOfDay } from '../calendar/start-of-day.ts';
import type { Db, Entities } from '../db/orm.ts';
import { averageHostState } from '../hosts/samples.ts';
import { ask, type MetricSubject } from '../metrics/ask.ts';
import { numberOf } from '../metrics/value.ts';
import { organisationStorageBytes } from './organisation-storage.ts';

/** Columns of a closed day and their catalog metrics. */
const METRICS = {
  total_users: 'users.total',
  active_users: 'users.active',
  new_users: 'users.new',
  total_events: 'events.count',
  total_executions: 'executions.count',
  total_errors: 'errors.count',
  error_rate: 'executions.error_rate',
  avg_response_time_ms: 'executions.avg_duration_ms',
  p95_response_time_ms: 'executions.p95_duration_ms',
} as const;

/**
 * Closes a local day: stores its catalog metrics, the host load and the organisation's disk usage. Skips a day that is
 * already closed unless `force` is set.
 * @returns whether a row was written
 */
export async function generateSystemMetrics(
  em: Entities,
  db: Db,
  subject: MetricSubject,
  { date, timeZone, force }: { date: string; timeZone: string; force: boolean },
): Promise<boolean> {
  const { orgId } = subject;
  if (!force && (await isKept(db, orgId, date, timeZone))) return false;
  const range = await localDay(db, date, timeZone);
  const [row] = await ask(em, subject, { metrics: Object.values(METRICS) }, range);
  const measures = Object.entries(METRICS).map(([column, metric]) => ({
    column,
    value: numberOf(row?.values ?? {}, metric),
  }));
  const host = await averageHostState(db, range);
  const rest = [
    { column: 'storage_bytes', value: await organisationStorageBytes(db, orgId) },
    { column: 'cpu_percent_avg', value: host?.cpu_percent ?? null },
    { column: 'memory_percent_avg', value: host?.memory_percent ?? null },
    { column: 'disk_percent', value: host?.disk_percent ?? null },
  ];
  const all = [...measures, ...rest];
  const names = sql.join(all.map(({ column }) => sql.ref(column)));
  await sql`
    INSERT INTO system_metrics_days (org_id, date, time_zone, generated_at, ${names})
    VALUES (${orgId}, ${date}::date, ${timeZone}, clock_timestamp(), ${sql.join(all.map(({ value }) => value))})
    ON CONFLICT (org_id, date) DO UPDATE SET time_zone = excluded.time_zone, generated_at = excluded.generated_at,
      ${sql.join(all.map(({ column }) => sql`${sql.ref(column)} = excluded.${sql.ref(column)}`))}`.execute(db);
  return true;
}

/** Matches rows written after the day had ended in this time zone; others do not count as closed. */
async function isKept(db: Db, orgId: string, date: string, timeZone: string): Promise<boolean> {
  const { rows } = await sql`
    SELECT FROM system_metrics_days WHERE org_id = ${orgId} AND date = ${date}::date AND time_zone = ${timeZone}
      AND ${afterItsEnd(sql`time_zone`)}`.execute(db);
  return rows.length > 0;
}

function afterItsEnd(timeZone: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`generated_at >= ${startOfDay(sql`date + 1`, timeZone)}`;
}

export interface EndedDays {
  days: { orgId: string; date: string }[];
  /** The last organisation checked; null if there was none. */
  lastOrgId: string | null;
}

/**
 * Lists local days that ended and are not closed: yesterday and, after an outage, the days since the last closed one, up
 * to `maxDays` back. PostgreSQL computes local midnights. Organisations are ordered, so a round can resume.
 */
export async function endedDays(
  db: Db,
  now: Date,
  maxDays: number,
  afterOrgId: string,
  limit: number,
): Promise<EndedDays> {
  const { rows } = await sql<{ org_id: string; date: string | null }>`
    SELECT o.org_id, d::date::text AS date
    FROM (
      SELECT org_id, (${now}::timestamptz AT TIME ZONE time_zone)::date - 1 AS yesterday,
             (created_at AT TIME ZONE time_zone)::date AS created
      FROM organisations WHERE org_id > ${afterOrgId} ORDER BY org_id LIMIT ${limit}
    ) o
    LEFT JOIN LATERAL (SELECT max(date) AS last FROM system_metrics_days s WHERE s.org_id = o.org_id AND ${afterItsEnd(sql`s.time_zone`)}) s ON true
    LEFT JOIN LATERAL generate_series(
      greatest(coalesce(s.last + 1, least(o.created, o.yesterday)), o.yesterday - ${maxDays}::integer + 1),
      o.yesterday, interval '1 day') d ON true
    ORDER BY o.org_id, d`.execute(db);
  return {
    days: rows.flatMap(({ org_id, date }) => (date === null ? [] : [{ orgId: org_id, date }])),
    lastOrgId: rows.at(-1)?.org_id ?? null,
  };
}
