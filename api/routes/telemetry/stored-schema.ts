import { z } from 'zod';
import type { Column } from '../../../shared/facts/fields.ts';
import { byKind, type Fact } from '../../../shared/facts/index.ts';
import { ERROR_LEVELS, EXECUTION_STATUSES } from '../../../shared/wire.ts';
import { moment } from '../../http/time.ts';
import { described } from '../../openapi/fields.ts';

/** Schemas of columns with a closed list of values. */
const CLOSED_VALUES: Readonly<Record<string, z.ZodType>> = {
  status: z.enum(EXECUTION_STATUSES),
  level: z.enum(ERROR_LEVELS),
  cost_source: z.enum(['given', 'priced', 'unpriced']),
};

function cellSchema(name: string, { type, closed }: Column): z.ZodType {
  const values = closed ? CLOSED_VALUES[name] : undefined;
  if (values) return values;
  switch (type) {
    case 'text':
      return z.string();
    case 'text[]':
      return z.array(z.string());
    case 'timestamptz':
      return moment();
    case 'date':
      return z.iso.date();
    case 'integer':
    case 'bigint':
      return z.number().int();
    case 'numeric':
      return z.number();
    case 'boolean':
      return z.boolean();
    case 'jsonb':
      return z.unknown();
  }
}

/** True for columns that are never null: required fields, and columns with a closed list of values. */
function isAlwaysThere(fact: Fact, name: string, column: Column): boolean {
  const isRequired = name in fact.wire.shape && !fact.wire.shape[name].safeParse(undefined).success;
  return column.closed === true || isRequired || fact.requiredAtFirst.includes(name);
}

function storedSchema(fact: Fact): z.ZodObject {
  const cells = Object.entries(fact.columns).map(([name, column]): [string, z.ZodType] => {
    const cell = cellSchema(name, column);
    return [name, isAlwaysThere(fact, name, column) ? cell : cell.nullable()];
  });
  const shape = { [fact.idColumn]: z.string(), [fact.timeColumn]: moment(), ...Object.fromEntries(cells) };
  return z.object(described(shape)).meta({ id: schemaName(fact.recordType), description: `One stored ${fact.noun}.` });
}

/** The name of a schema in the document: `ai_usage` → `AiUsage`. */
export function schemaName(recordType: string): string {
  return recordType.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** The schema of each fact in answers (`presentFact`), from its columns. */
export const storedSchemas = byKind(storedSchema);
