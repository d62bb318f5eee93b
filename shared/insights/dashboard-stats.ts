import { sql } from 'kysely';
import type { Db, Entities } from '../db/orm.ts';
import { inSnapshot } from '../db/transaction.ts';
import type { TimeRange } from '../domain/time-range.ts';
import { askIn, type MetricSubject } from '../metrics/ask.ts';
import { countOf, moneyOf } from '../metrics/value.ts';
import { pgTime } from '../pg-time.ts';
import { countReports, type ReportCounts } from '../reports/count-reports.ts';

const DAY_MS = 86_400_000;

export interface DashboardStats {
  users: { total: number; active24h: number; new7d: number };
  events: { today: number; last7d: number };
  executions: { today: number; last7d: number };
  errors: { open: number; last24h: number };
  costs: { today: number; month: number };
  reports: ReportCounts;
}

/** Reads the dashboard's figures as of the end of a range, in one snapshot. Today and this month are local. */
export async function readDashboardStats(
  em: Entities,
  subject: MetricSubject,
  range: TimeRange,
): Promise<DashboardStats> {
  return inSnapshot(em, async (db) => {
    const since = (startInclusive: Date): TimeRange => ({ ...range, startInclusive });
    const back = (days: number) => since(new Date(range.endExclusive.getTime() - days * DAY_MS));
    const { day, month } = await localStarts(db, range);
    const ask = async <Name extends string>(metrics: readonly Name[], of: TimeRange) => {
      const [row] = await askIn(db, subject, { metrics }, of);
      const values = row?.values ?? {};
      return {
        count: (name: Name) => countOf(values, name),
        usd: (name: Name) => moneyOf(values, name).toNumber(),
      };
    };
    const today = await ask(['events.count', 'executions.count', 'costs.total'], since(day));
    const thisMonth = await ask(['costs.total'], since(month));
    const lastDay = await ask(['users.active', 'errors.count'], back(1));
    const lastWeek = await ask(['users.total', 'users.new', 'events.count', 'executions.count'], back(7));
    return {
      users: {
        total: lastWeek.count('users.total'),
        active24h: lastDay.count('users.active'),
        new7d: lastWeek.count('users.new'),
      },
      events: { today: today.count('events.count'), last7d: lastWeek.count('events.count') },
      executions: { today: today.count('executions.count'), last7d: lastWeek.count('executions.count') },
      errors: { open: await countOpenGroups(db, subject, range), last24h: lastDay.count('errors.count') },
      costs: { today: today.usd('costs.total'), month: thisMonth.usd('costs.total') },
      reports: await countReports(db, subject.orgId, back(7)),
    };
  });
}

/** Returns the starts of the local day and month that contain the end of a range. */
async function localStarts(db: Db, { endExclusive, timeZone }: TimeRange): Promise<{ day: Date; month: Date }> {
  const { rows } = await sql<{ day: string; month: string }>`
    SELECT date_trunc('day', at, ${timeZone}) AS day, date_trunc('month', at, ${timeZone}) AS month
    FROM (SELECT ${endExclusive}::timestamptz - interval '1 millisecond' AS at) last`.execute(db);
  const row = rows[0];
  if (!row) throw new Error('PostgreSQL did not resolve a local day');
  return { day: pgTime(row.day), month: pgTime(row.month) };
}

/** Counts open error groups with an occurrence in the range. A group without a row is open. */
async function countOpenGroups(db: Db, subject: MetricSubject, range: TimeRange): Promise<number> {
  const groups = await askIn(db, subject, { metrics: ['errors.count'], group_by: ['error_group'] }, range);
  const fingerprints = groups.flatMap(({ group }) => group.error_group ?? []);
  const { rows } = await sql<{ count: string }>`
    SELECT count(*) AS count FROM json_array_elements_text(${JSON.stringify(fingerprints)}::json) AS f(fingerprint)
    WHERE NOT EXISTS (
      SELECT FROM error_groups g
      WHERE g.org_id = ${subject.orgId} AND g.fingerprint = f.fingerprint AND g.status <> 'open')`.execute(db);
  return Number(rows[0]?.count ?? 0);
}
