import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';
import type { TimeRange } from '../domain/time-range.ts';
import { pgTime } from '../pg-time.ts';
import { startOfDay } from './start-of-day.ts';

/** Returns the bounds of a local day, which may have 23, 24 or 25 hours. @param date `2026-11-21` */
export async function localDay(db: Db, date: string, timeZone: string): Promise<TimeRange> {
  const zone = sql`${timeZone}`;
  const { rows } = await sql<{ start: string; end: string }>`
    SELECT ${startOfDay(sql`${date}::date`, zone)} AS start, ${startOfDay(sql`${date}::date + 1`, zone)} AS end`.execute(
    db,
  );
  const row = rows[0];
  if (!row) throw new Error('PostgreSQL did not resolve a local day');
  return { startInclusive: pgTime(row.start), endExclusive: pgTime(row.end), timeZone };
}

/** Lists the dates from `startDate` to `endDate`, both included. */
export async function datesBetween(db: Db, startDate: string, endDate: string): Promise<string[]> {
  const { rows } = await sql<{ date: string }>`
    SELECT d::date::text AS date FROM generate_series(${startDate}::date, ${endDate}::date, interval '1 day') d`.execute(
    db,
  );
  return rows.map(({ date }) => date);
}

/** Returns yesterday's date in the organisation's time zone. @throws Error if the organisation does not exist */
export async function localYesterday(db: Db, orgId: string): Promise<string> {
  const { rows } = await sql<{ date: string }>`
    SELECT ((now() AT TIME ZONE time_zone)::date - 1)::text AS date FROM organisations WHERE org_id = ${orgId}`.execute(
    db,
  );
  const date = rows[0]?.date;
  if (date === undefined) throw new Error(`Organisation ${orgId} does not exist`);
  return date;
}
