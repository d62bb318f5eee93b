import { sql } from 'kysely';
import { isoTime, withoutFormula } from '../../db/csv.ts';
import type { Cell } from './kind.ts';

/** Cells as a CSV shows them: times ISO 8601 in UTC, lists joined, and text that a spreadsheet would run made text again. */
export const csvCell: Cell = (value, { type, freeText }) => {
  switch (type) {
    case 'timestamptz':
      return isoTime(value);
    case 'text[]':
      return withoutFormula(sql`array_to_string(${value}, ', ')`);
    case 'text':
      return freeText ? withoutFormula(value) : value;
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
