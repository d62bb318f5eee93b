import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';
import type { TimeRange } from '../domain/time-range.ts';
import { pgTime } from '../pg-time.ts';
import { startOfDay } from './start-of-day.ts';

/** A local day, or the part of it that lies in a range. */
export interface DayOfRange extends TimeRange {
  /** `2026-11-21`. */
  date: string;
  /** The start of the day's bucket: local midnight, the later one where clocks are put back to it. */
  midnight: Date;
}

/** Returns the local days that a range touches, latest first. */
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

/** Yields days in windows of doubling size, so that a short page reads few days. @param firstDays size of the first window */
export function* doublingWindows(days: readonly DayOfRange[], firstDays: number): Generator<readonly DayOfRange[]> {
  let size = Math.max(1, firstDays);
  for (let from = 0; from < days.length; ) {
    yield days.slice(from, from + size);
    from += size;
    size *= 2;
  }
}

/** Returns the range that consecutive days cover. @param days latest first @throws Error for an empty list */
export function rangeOf(days: readonly DayOfRange[]): TimeRange {
  const [last, first] = [days[0], days.at(-1)];
  if (!last || !first) throw new Error('rangeOf needs at least one day');
  return { startInclusive: first.startInclusive, endExclusive: last.endExclusive, timeZone: last.timeZone };
}

/**
 * Reads rows day by day, latest first, until `limit` rows are found. A page of a long range costs only its own days.
 * @param days latest first
 * @param read returns the rows of consecutive days, latest first
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
