import type { ColumnType, Row } from '../../../shared/facts/fields.ts';
import type { Fact } from '../../../shared/facts/index.ts';
import { pgTime } from '../../../shared/pg-time.ts';

/** A stored fact as an answer shows it: times in UTC, numbers as numbers. */
export function presentFact(fact: Fact, row: Row): Row {
  const shown: Row = {
    [fact.idColumn]: row[fact.idColumn],
    [fact.timeColumn]: presentCell('timestamptz', row[fact.timeColumn]),
  };
  for (const [name, { type }] of Object.entries(fact.columns)) shown[name] = presentCell(type, row[name]);
  return shown;
}

/** PostgreSQL's text for numbers and times becomes JSON's; everything else is JSON already. */
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
