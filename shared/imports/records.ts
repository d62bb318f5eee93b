import { parse } from 'csv-parse/sync';
import type { ImportMapping } from '../contracts/imports.ts';
import type { FieldError } from '../errors.ts';
import { readCell, recordShape } from './cells.ts';
import type { SourceLine } from './lines.ts';
import { mapColumns } from './mapping.ts';

/** Enough of a hash that two files never share it, and short enough to be part of each id. */
const ID_HASH_LENGTH = 32;

export interface RecordSource {
  mapping: ImportMapping;
  /** Of a CSV; null for NDJSON. */
  header: readonly string[] | null;
  contentSha256: string;
}

/** A line as a record that `/batch` would take, or why it is none. */
export type LineRecord = { line: SourceLine; raw: unknown } | { line: SourceLine; errors: FieldError[] };

/** Makes the function that turns a chunk's lines into records. */
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

/** The cells of a CSV's first record. @throws Error where it is no CSV */
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

/** Fills in what the file leaves out: constants, and an id that is the same however often the line is read. */
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
        // CSV has no other way to leave a field out.
        if (text) raw[field] = readCell(shape, field, text);
      }
      return raw;
    });
}

/** All at once, which is many times faster; one by one only where some line is at fault. */
function cellsOf(lines: readonly SourceLine[]): (string[] | Unreadable)[] {
  const texts = lines.map(({ text, fault }) => (fault === undefined ? (text ?? '') : '-'));
  try {
    const all = parseCells(texts.join('\n'));
    if (all.length === lines.length) return all;
  } catch {
    // Found again below, by line.
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
