import { PassThrough } from 'node:stream';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import exceljs from 'exceljs';
import { z } from 'zod';
import type { ColumnType } from '../../../shared/facts/definition.ts';
import type { SourceColumn } from '../../../shared/reports/sources/source.ts';
import { linesOf } from './lines.ts';

/** Excel's own limits: rows of a sheet, one of which is the header, and characters of a cell. */
const MAX_SHEET_ROWS = 1_048_575;
const MAX_CELL_CHARACTERS = 32_767;

/** exceljs does not wait for its zip: unread bytes beyond this would pile up in memory. */
const MAX_PENDING_BYTES = 8 * 1024 * 1024;

/** How many rows go between two looks at what is pending; also lets heartbeats through. */
const ROWS_BETWEEN_LOOKS = 500;

/** Pinned, so that two workbooks of the same rows have equal entries. */
const CREATED = new Date('2000-01-01T00:00:00Z');

const NUMBER_FORMATS: Partial<Record<ColumnType, string>> = {
  timestamptz: 'yyyy-mm-dd hh:mm:ss.000',
  date: 'yyyy-mm-dd',
  integer: '#,##0',
  bigint: '#,##0',
};

const WIDTHS: Record<ColumnType, number> = {
  timestamptz: 24,
  date: 12,
  text: 24,
  'text[]': 24,
  jsonb: 40,
  integer: 12,
  bigint: 14,
  numeric: 14,
  boolean: 10,
};

const rowSchema = z.array(z.unknown());

/**
 * A workbook of rows that come as JSON arrays, a line each: typed cells, a frozen header with filters, the next sheet
 * where one is full. Memory stays flat.
 * @param sheetRows rows of a sheet besides its header; Excel's own limit unless told otherwise
 */
export async function* workbookOf(
  columns: readonly SourceColumn[],
  parts: AsyncIterable<Buffer>,
  sheetRows = MAX_SHEET_ROWS,
): AsyncGenerator<Buffer> {
  const output = new PassThrough();
  const written = write(columns, parts, sheetRows, output).catch((error: unknown) => {
    output.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  for await (const chunk of output) yield chunk;
  await written;
}

async function write(
  columns: readonly SourceColumn[],
  parts: AsyncIterable<Buffer>,
  sheetRows: number,
  output: PassThrough,
): Promise<void> {
  const workbook = new exceljs.stream.xlsx.WorkbookWriter({
    stream: output,
    useStyles: true,
    useSharedStrings: false,
    zip: { zlib: { level: 1 } },
  });
  workbook.created = CREATED;
  workbook.modified = CREATED;
  workbook.creator = 'Tidemark';
  workbook.lastModifiedBy = 'Tidemark';
  // One object a column: exceljs looks up the style of an object that it has seen, and renders it for any other.
  const styles = columns.map(({ type }): Partial<exceljs.Style> => styleOf(type));
  let sheet = addSheet(workbook, columns, 1);
  let sheets = 1;
  let rows = 0;
  for await (const line of linesOf(parts)) {
    if (rows === sheetRows) {
      sheet.commit();
      sheets += 1;
      sheet = addSheet(workbook, columns, sheets);
      rows = 0;
    }
    const cells = rowSchema.parse(JSON.parse(line));
    const row = sheet.addRow(columns.map(({ type }, n) => cellOf(type, cells[n])));
    styles.forEach((style, n) => {
      if (cells[n] !== null) row.getCell(n + 1).style = style;
    });
    row.commit();
    rows += 1;
    if (rows % ROWS_BETWEEN_LOOKS === 0) await drained(sheet, output);
  }
  await workbook.commit();
}

function addSheet(workbook: exceljs.stream.xlsx.WorkbookWriter, columns: readonly SourceColumn[], number: number) {
  const sheet = workbook.addWorksheet(number === 1 ? 'Report' : `Report ${number}`, {
    views: [{ state: 'frozen', ySplit: 1 }],
  });
  sheet.columns = columns.map(({ header, type }) => ({
    header,
    key: header,
    width: Math.max(WIDTHS[type], header.length + 4),
    style: styleOf(type),
  }));
  sheet.getRow(1).font = { bold: true };
  sheet.autoFilter = { from: { row: 1, column: 1 }, to: { row: 1, column: columns.length } };
  return sheet;
}

function styleOf(type: ColumnType): Partial<exceljs.Style> {
  const numFmt = NUMBER_FORMATS[type];
  return numFmt ? { numFmt } : {};
}

/** What is not known has no cell. */
function cellOf(type: ColumnType, value: unknown): exceljs.CellValue {
  if (value === null || value === undefined) return undefined;
  switch (type) {
    case 'timestamptz':
    case 'date':
      return new Date(String(value));
    case 'integer':
    case 'bigint':
    case 'numeric':
      return Number(value);
    case 'boolean':
      return value === true;
    case 'text[]':
      return text(Array.isArray(value) ? value.join(', ') : String(value));
    case 'jsonb':
      return text(JSON.stringify(value));
    case 'text':
      return text(String(value));
  }
}

/** Text as a workbook can hold it: no longer than a cell, without what XML has no sign for, and never read as an escape of Excel's. */
function text(value: string): string {
  const escaped = value.replace(/[\ufffe\uffff]/g, '').replace(/_(?=x[0-9A-Fa-f]{4}_)/g, '_x005F_');
  if (escaped.length <= MAX_CELL_CHARACTERS) return escaped;
  const cut = escaped.slice(0, MAX_CELL_CHARACTERS - 1);
  return `${cut.isWellFormed() ? cut : cut.slice(0, -1)}…`;
}

/** What of exceljs 4.4.0's insides tells how much is waiting to be zipped; a test holds that it is there. */
const sheetInsides = z.object({
  stream: z.object({ pipes: z.array(z.object({ _writableState: z.object({ length: z.number() }) })).min(1) }),
});

/** Waits until little enough is pending. @throws Error when nobody reads the output any more */
async function drained(sheet: exceljs.Worksheet, output: PassThrough): Promise<void> {
  await nextTurn();
  for (;;) {
    if (output.destroyed) throw new Error('The workbook is not wanted any more');
    const { stream } = sheetInsides.parse(sheet);
    if (stream.pipes.every((pipe) => pipe._writableState.length <= MAX_PENDING_BYTES)) return;
    await sleep(5);
  }
}
