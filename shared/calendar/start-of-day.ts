import { type RawBuilder, sql } from 'kysely';

/**
 * Returns SQL for the start of a local day, computed as the end of the day before. Where clocks are put back to
 * midnight (Havana, the Azores), PostgreSQL resolves midnight to the second occurrence, which would drop the first hour.
 * @param date a date
 */
export function startOfDay(date: RawBuilder<unknown>, timeZone: RawBuilder<unknown>): RawBuilder<unknown> {
  const moment = sql`interval '1 microsecond'`;
  return sql`(((${date})::timestamp - ${moment}) AT TIME ZONE ${timeZone} + ${moment})`;
}
