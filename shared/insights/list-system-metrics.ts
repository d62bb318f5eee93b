import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';

/** The numeric columns of a closed day; ratios and host averages are null on days without data. */
export const SYSTEM_METRICS = [
  'total_users',
  'active_users',
  'new_users',
  'total_events',
  'total_executions',
  'total_errors',
  'error_rate',
  'avg_response_time_ms',
  'p95_response_time_ms',
  'storage_bytes',
  'cpu_percent_avg',
  'memory_percent_avg',
  'disk_percent',
] as const;
export type SystemMetric = (typeof SYSTEM_METRICS)[number];

export interface SystemMetricsQuery {
  orgId: string;
  /** Local days, the last excluded. */
  startDate: string;
  endDateExclusive: string;
  atLeast: Partial<Record<SystemMetric, number>>;
  atMost: Partial<Record<SystemMetric, number>>;
  /** Only days before this one. */
  beforeDate: string | undefined;
  limit: number;
}

export type SystemMetricsDay = { date: string; generated_at: string } & Record<SystemMetric, string | null>;

/** Lists the closed days of an organisation, latest first. */
export async function listSystemMetrics(db: Db, query: SystemMetricsQuery): Promise<SystemMetricsDay[]> {
  const where = [
    sql`org_id = ${query.orgId} AND date >= ${query.startDate}::date AND date < ${query.endDateExclusive}::date`,
  ];
  if (query.beforeDate !== undefined) where.push(sql`date < ${query.beforeDate}::date`);
  for (const name of SYSTEM_METRICS) {
    const [least, most] = [query.atLeast[name], query.atMost[name]];
    // Counts are integers; bounds may be fractions.
    if (least !== undefined) where.push(sql`${sql.ref(name)} >= ${least}::numeric`);
    if (most !== undefined) where.push(sql`${sql.ref(name)} <= ${most}::numeric`);
  }
  const { rows } = await sql<SystemMetricsDay>`
    SELECT date::text AS date, generated_at, ${sql.join(SYSTEM_METRICS.map((name) => sql.ref(name)))}
    FROM system_metrics_days WHERE ${sql.join(where, sql` AND `)} ORDER BY date DESC LIMIT ${query.limit}`.execute(db);
  return rows;
}

/** Returns the local days that a range touches: the first, and the day after the last. */
export async function daysTouched(
  db: Db,
  { startInclusive, endExclusive, timeZone }: { startInclusive: Date; endExclusive: Date; timeZone: string },
): Promise<{ startDate: string; endDateExclusive: string }> {
  const { rows } = await sql<{ start: string; end: string }>`
    SELECT (${startInclusive}::timestamptz AT TIME ZONE ${timeZone})::date::text AS start,
           (((${endExclusive}::timestamptz - interval '1 millisecond') AT TIME ZONE ${timeZone})::date + 1)::text AS end`.execute(
    db,
  );
  const row = rows[0];
  if (!row) throw new Error('PostgreSQL did not resolve local days');
  return { startDate: row.start, endDateExclusive: String(row.end) };
}
