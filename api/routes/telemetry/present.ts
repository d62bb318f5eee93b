import { errors } from '../../../shared/facts/errors.ts';
import type { ColumnType, Row } from '../../../shared/facts/fields.ts';
import type { Fact } from '../../../shared/facts/index.ts';
import { pgTime } from '../../../shared/pg-time.ts';

/** A stored fact in an answer: times in UTC, numbers as JSON numbers. */
export function presentFact(fact: Fact, row: Row): Row {
  const shown: Row = {
    [fact.idColumn]: row[fact.idColumn],
    [fact.timeColumn]: presentCell('timestamptz', row[fact.timeColumn]),
  };
  for (const [name, { type }] of Object.entries(fact.columns)) shown[name] = presentCell(type, row[name]);
  return shown;
}

/** A stored error, also under `id`. */
export function presentLoggedError(id: string, row: Row) {
  return { id, ...presentFact(errors, row) };
}

/** Converts PostgreSQL's text of numbers and times; all other values are JSON already. */
function presentCell(type: ColumnType, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  switch (type) {
    case 'timestamptz':
      return pgTime(String(value)).toISOString();
    case 'bigint':
    case 'numeric':
      return Number(value);
    case 'text':
    case 'text[]':
    case 'date':
    case 'integer':
    case 'boolean':
    case 'jsonb':
      return value;
  }
}
