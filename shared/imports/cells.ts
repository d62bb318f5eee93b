import { z } from 'zod';
import { dimensions } from '../facts/dimensions.ts';
import { factList } from '../facts/index.ts';

/** The type that the text of a cell is converted to. */
type CellType = 'text' | 'number' | 'boolean' | 'list' | 'any';

interface RecordShape {
  /** The field that holds the id; undefined for users and agents, whose ids must be given. */
  idColumn: string | undefined;
  fields: ReadonlyMap<string, CellType>;
}

const TRUE = new Set(['true', 't', '1']);
const FALSE = new Set(['false', 'f', '0']);
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

const shapes: ReadonlyMap<string, RecordShape> = new Map([
  ...factList.map((fact): [string, RecordShape] => {
    const aliases = Object.keys(fact.aliases).map((name): [string, CellType] => [name, 'text']);
    return [fact.recordType, { idColumn: fact.idColumn, fields: new Map([...fieldTypes(fact.wire), ...aliases]) }];
  }),
  ...Object.values(dimensions).map(({ recordType, wire }): [string, RecordShape] => [
    recordType,
    { idColumn: undefined, fields: fieldTypes(wire) },
  ]),
]);

/** The valid values of a record's `type`. */
export const recordTypes: readonly string[] = [...shapes.keys()];

/** The id column and fields of a record type, from its wire schema; undefined for an unknown type. */
export function recordShape(type: unknown): RecordShape | undefined {
  return typeof type === 'string' ? shapes.get(type) : undefined;
}

/**
 * Converts the text of a cell to the type of the field. Text that does not convert is returned unchanged; the
 * validation of the field then reports it.
 */
export function readCell(shape: RecordShape | undefined, field: string, text: string): unknown {
  const type = shape?.fields.get(field) ?? 'text';
  switch (type) {
    case 'text':
      return text;
    case 'number':
      return NUMBER.test(text.trim()) ? Number(text) : text;
    case 'boolean': {
      const word = text.trim().toLowerCase();
      return TRUE.has(word) ? true : FALSE.has(word) ? false : text;
    }
    case 'list': {
      const json = readJson(text);
      return Array.isArray(json) ? json : text.split(/[,;]/).map((part) => part.trim());
    }
    case 'any':
      return readJson(text) ?? text;
  }
}

function readJson(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fieldTypes(wire: z.ZodObject): Map<string, CellType> {
  const { properties = {} } = z.toJSONSchema(wire, { io: 'input', unrepresentable: 'any' });
  return new Map(
    Object.entries(properties).map(([name, schema]) => [
      name,
      cellType(typeof schema === 'object' ? schema.type : undefined),
    ]),
  );
}

function cellType(type: unknown): CellType {
  switch (type) {
    case 'string':
      return 'text';
    case 'number':
    case 'integer':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'array':
      return 'list';
    default:
      return 'any';
  }
}
