import { type RawBuilder, sql } from 'kysely';

/**
 * When a local day begins: the moment at which the day before is over. Asked of midnight itself, PostgreSQL says the
 * second of two where clocks are put back to it (Havana, the Azores), and the day would lack its first hour.
 * @param date a date
 */
export function startOfDay(date: RawBuilder<unknown>, timeZone: RawBuilder<unknown>): RawBuilder<unknown> {
  const moment = sql`interval '1 microsecond'`;
  return sql`(((${date})::timestamp - ${moment}) AT TIME ZONE ${timeZone} + ${moment})`;
}
