import { type RawBuilder, sql } from 'kysely';

/** `= + - @`, tab, line feed, carriage return: the characters that start a formula in a spreadsheet (OWASP, CSV injection). */
const FORMULA_STARTS = sql.raw('(61, 43, 45, 64, 9, 10, 13)');

/** A time as ISO 8601 in UTC, to the millisecond. */
export function isoTime(value: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`to_char(${value} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

/**
 * A text that no spreadsheet runs as a formula: one that starts like a formula gets a leading apostrophe. `ascii` reads one
 * character; a pattern match would cost more than the rest of the row.
 */
export function withoutFormula(value: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`CASE WHEN ascii(${value}) IN ${FORMULA_STARTS} THEN '''' || ${value} ELSE ${value} END`;
}
