import { parse } from 'csv-parse/sync';
import type { ImportMapping } from '../contracts/imports.ts';
import type { FieldError } from '../errors.ts';
import { readCell, recordShape } from './cells.ts';
import type { SourceLine } from './lines.ts';
import { mapColumns } from './mapping.ts';

/** Hex digits: long enough that no two files share the prefix, short enough for a part of each id. */
const ID_HASH_LENGTH = 32;

export interface RecordSource {
  mapping: ImportMapping;
  /** The column names of a CSV; null for NDJSON. */
  header: readonly string[] | null;
  contentSha256: string;
}

/** A line as an unvalidated record, as in the body of `/batch`, or the errors of a line that cannot be read. */
export type LineRecord = { line: SourceLine; raw: unknown } | { line: SourceLine; errors: FieldError[] };

/**
 * Creates the function that converts the lines of a chunk to records, one per line and in order.
 * @throws TidemarkError `validation` if the header does not match the mapping
 */
export function createRecordReader(source: RecordSource): (lines: readonly SourceLine[]) => LineRecord[] {
  const read = source.header ? csvReader(source.header, source.mapping) : jsonReader(source.mapping);
  const idPrefix = source.contentSha256.slice(0, ID_HASH_LENGTH);
  return (lines) => {
    const raws = read(lines);
    return lines.map((line, n): LineRecord => {
      if (line.fault !== undefined) return { line, errors: [{ field: '', message: `the line ${line.fault}` }] };
      const raw = raws[n];
      if (raw instanceof Unreadable) return { line, errors: [{ field: '', message: raw.message }] };
      if (!isRecord(raw)) return { line, raw };
      return { line, raw: completed(raw, source.mapping, `${idPrefix}-${line.number}`) };
    });
  };
}

/** Parses the first record of a CSV. @returns its cells @throws Error if it is not valid CSV */
export function readHeader(text: string): string[] {
  return parseCells(text)[0] ?? [];
}

class Unreadable {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

type Fields = Record<string, unknown>;

/** Fills in missing fields: the constants, and an id that is the same on every read of the line. */
function completed(raw: Fields, { constants }: ImportMapping, id: string): Fields {
  if (raw.type === undefined && constants.type !== undefined) raw.type = constants.type;
  const shape = recordShape(raw.type);
  for (const [field, text] of Object.entries(constants)) {
    if (raw[field] === undefined && shape?.fields.has(field)) raw[field] = readCell(shape, field, text);
  }
  if (shape?.idColumn !== undefined && raw[shape.idColumn] === undefined) raw[shape.idColumn] = id;
  return raw;
}

function jsonReader({ fields }: ImportMapping) {
  const renamed = Object.entries(fields);
  return (lines: readonly SourceLine[]): unknown[] =>
    lines.map(({ text }) => {
      const raw = parseJson(text ?? '');
      if (!isRecord(raw)) return raw;
      for (const [field, name] of renamed) {
        if (!(name in raw) || field in raw) continue;
        raw[field] = raw[name];
        delete raw[name];
      }
      return raw;
    });
}

function csvReader(header: readonly string[], mapping: ImportMapping) {
  const columns = mapColumns(header, mapping);
  const typeColumn = columns.find(({ field }) => field === 'type')?.index;
  return (lines: readonly SourceLine[]): unknown[] =>
    cellsOf(lines).map((cells) => {
      if (cells instanceof Unreadable) return cells;
      if (cells.length !== header.length) {
        return new Unreadable(`the line has ${cells.length} cells, the header has ${header.length}`);
      }
      const type = (typeColumn === undefined ? '' : cells[typeColumn]) || mapping.constants.type;
      const shape = recordShape(type);
      const raw: Fields = {};
      for (const { index, field } of columns) {
        const text = cells[index];
        // An empty cell is the only way to omit a field in CSV.
        if (text) raw[field] = readCell(shape, field, text);
      }
      return raw;
    });
}

/** Parses all lines at once, which is many times faster; line by line only if one of them is malformed. */
function cellsOf(lines: readonly SourceLine[]): (string[] | Unreadable)[] {
  const texts = lines.map(({ text, fault }) => (fault === undefined ? (text ?? '') : '-'));
  try {
    const all = parseCells(texts.join('\n'));
    if (all.length === lines.length) return all;
  } catch {
    // Reported below, line by line.
  }
  return texts.map((text) => {
    try {
      return parseCells(text)[0] ?? [];
    } catch (error) {
      return new Unreadable(`the line is not valid CSV: ${reason(error).replace(/ at line \d+/, '')}`);
    }
  });
}

function parseCells(text: string): string[][] {
  return parse(text, { relax_column_count: true, record_delimiter: '\n' });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return new Unreadable(`the line is not valid JSON: ${reason(error)}`);
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 200) : String(error);
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Unreadable);
}
