import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';
import { type Bound, rangeFault, requestedRange, type TimeRange, type TimeRangeFields } from '../domain/time-range.ts';
import { validationError } from '../errors.ts';
import { pgTime } from '../pg-time.ts';
import { startOfDay } from './start-of-day.ts';

/**
 * Resolves the range of a request in the organisation's time zone. PostgreSQL computes the local midnights, so one copy
 * of the time zone data is used everywhere.
 * @throws TidemarkError `validation` for two forms at once, an end before the start, or more than 400 days
 */
export async function resolveRange(db: Db, fields: TimeRangeFields, timeZone: string, now: Date): Promise<TimeRange> {
  const requested = requestedRange(fields, now);
  if ('message' in requested) throw validationError([requested]);
  const startInclusive = await moment(db, requested.start, timeZone);
  const endExclusive = await moment(db, requested.end, timeZone);
  const fault = rangeFault(startInclusive, endExclusive);
  if (fault) throw validationError([fault]);
  return { startInclusive, endExclusive, timeZone };
}

async function moment(db: Db, bound: Bound, timeZone: string): Promise<Date> {
  if ('at' in bound) return bound.at;
  const { rows } = await sql<{ at: string }>`
    SELECT ${startOfDay(sql`${bound.day}::date`, sql`${timeZone}`)} AS at`.execute(db);
  const at = rows[0]?.at;
  if (at === undefined) throw new Error('PostgreSQL did not resolve a local day');
  return pgTime(at);
}
