import { type RawBuilder, sql } from 'kysely';
import type { Cell } from './kind.ts';

/** `= + - @`, tab, line feed and carriage return: what a spreadsheet takes for a formula's beginning (OWASP, CSV injection). */
const FORMULA_STARTS = sql.raw('(61, 43, 45, 64, 9, 10, 13)');

/** Cells as a CSV shows them: times ISO 8601 in UTC, lists joined, and text that a spreadsheet would run made text again. */
export const csvCell: Cell = (value, { type, freeText }) => {
  switch (type) {
    case 'timestamptz':
      return isoTime(value);
    case 'text[]':
      return escaped(sql`array_to_string(${value}, ', ')`);
    case 'text':
      return freeText ? escaped(value) : value;
    case 'date':
    case 'integer':
    case 'bigint':
    case 'numeric':
    case 'boolean':
    case 'jsonb':
      return value;
  }
};

/** Cells as JSON shows them: times ISO 8601 in UTC, everything else as what it is. */
export const jsonCell: Cell = (value, { type }) => (type === 'timestamptz' ? isoTime(value) : value);

function isoTime(value: RawBuilder<unknown>) {
  return sql`to_char(${value} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

/** `ascii` looks at one character; a pattern match would cost more than the rest of the row. */
function escaped(value: RawBuilder<unknown>) {
  return sql`CASE WHEN ascii(${value}) IN ${FORMULA_STARTS} THEN '''' || ${value} ELSE ${value} END`;
}
