import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';
import type { TimeRange } from '../domain/time-range.ts';
import { pgTime } from '../pg-time.ts';
import { startOfDay } from './start-of-day.ts';

/** A local day, or the part of it that lies in a range. */
export interface DayOfRange extends TimeRange {
  /** `2026-11-21`. */
  date: string;
  /** What the buckets of a day are called by: its midnight, the later where it has two. */
  midnight: Date;
}

/** The local days that a range touches, the latest first. */
export async function daysOfRange(db: Db, range: TimeRange): Promise<DayOfRange[]> {
  const { startInclusive, endExclusive, timeZone } = range;
  const zone = sql`${timeZone}`;
  const { rows } = await sql<{ date: string; midnight: string; start: string; end: string }>`
    SELECT d::date::text AS date, d AT TIME ZONE ${timeZone} AS midnight,
           greatest(${startOfDay(sql`d`, zone)}, ${startInclusive}::timestamptz) AS start,
           least(${startOfDay(sql`d + interval '1 day'`, zone)}, ${endExclusive}::timestamptz) AS end
    FROM generate_series(
      date_trunc('day', ${startInclusive}::timestamptz AT TIME ZONE ${timeZone}),
      (${endExclusive}::timestamptz - interval '1 millisecond') AT TIME ZONE ${timeZone}, interval '1 day') d
    ORDER BY d DESC`.execute(db);
  return rows.map((row) => ({
    date: row.date,
    midnight: pgTime(row.midnight),
    startInclusive: pgTime(row.start),
    endExclusive: pgTime(row.end),
    timeZone,
  }));
}

/** Days in windows that double: what needs few of many days reads few. @param firstDays how many the first window has */
export function* doublingWindows(days: readonly DayOfRange[], firstDays: number): Generator<readonly DayOfRange[]> {
  let size = Math.max(1, firstDays);
  for (let from = 0; from < days.length; ) {
    yield days.slice(from, from + size);
    from += size;
    size *= 2;
  }
}

/** The range that days, the latest first, make together. */
export function rangeOf(days: readonly DayOfRange[]): TimeRange {
  const [last, first] = [days[0], days.at(-1)];
  if (!last || !first) throw new Error('No days make no range');
  return { startInclusive: first.startInclusive, endExclusive: last.endExclusive, timeZone: last.timeZone };
}

/**
 * Reads rows of the latest days first until there are `limit` of them: a page of a long range costs what its own days cost.
 * @param days the latest first
 * @param read the rows of some days that follow each other, the latest first
 */
export async function readLatestDays<Row>(
  days: readonly DayOfRange[],
  { limit, firstDays }: { limit: number; firstDays: number },
  read: (window: readonly DayOfRange[], missing: number) => Promise<Row[]>,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const window of doublingWindows(days, firstDays)) {
    if (rows.length >= limit) break;
    rows.push(...(await read(window, limit - rows.length)));
  }
  return rows.slice(0, limit);
}
