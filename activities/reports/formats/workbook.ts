import { PassThrough } from 'node:stream';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import exceljs from 'exceljs';
import { z } from 'zod';
import type { ColumnType } from '../../../shared/facts/fields.ts';
import type { SourceColumn } from '../../../shared/reports/kinds/kind.ts';
import { linesOf } from './lines.ts';

/** Excel's limits: data rows of a sheet (one less than its 1,048,576 rows, for the header) and characters of a cell. */
const MAX_SHEET_ROWS = 1_048_575;
const MAX_CELL_CHARACTERS = 32_767;

/** exceljs ignores back-pressure of its zip stream: above this limit the writer waits, which bounds memory. */
const MAX_PENDING_BYTES = 8 * 1024 * 1024;

/** Rows between two checks of the pending bytes. Each check also yields to the event loop, so that heartbeats run. */
const ROWS_BETWEEN_CHECKS = 500;

/** Fixed, so that two workbooks of the same rows have equal zip entries. */
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
 * Streams an XLSX workbook in constant memory: typed cells, a frozen header with filters, a new sheet when one is full.
 * @param parts bytes of rows, one JSON array per line
 * @param sheetRows data rows per sheet; defaults to Excel's limit
 * @throws Error for a line that is not a JSON array
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
  // One style object per column: exceljs caches the rendered style by object identity.
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
    if (rows % ROWS_BETWEEN_CHECKS === 0) await drained(sheet, output);
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

/** Converts a value to a cell; null gives an empty cell. */
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

/**
 * Makes text valid in a cell: removes U+FFFE and U+FFFF, which XML cannot represent, escapes what Excel would read as
 * an `_xHHHH_` escape, and truncates to the limit of a cell.
 */
function text(value: string): string {
  const escaped = value.replace(/[\ufffe\uffff]/g, '').replace(/_(?=x[0-9A-Fa-f]{4}_)/g, '_x005F_');
  if (escaped.length <= MAX_CELL_CHARACTERS) return escaped;
  const cut = escaped.slice(0, MAX_CELL_CHARACTERS - 1);
  return `${cut.isWellFormed() ? cut : cut.slice(0, -1)}…`;
}

/** Internals of exceljs 4.4.0 that expose how many bytes wait to be zipped; tests fail if they change. */
const sheetInternals = z.object({
  stream: z.object({ pipes: z.array(z.object({ _writableState: z.object({ length: z.number() }) })).min(1) }),
});

/** Waits until the pending bytes are within the limit. @throws Error if the output was destroyed by its reader */
async function drained(sheet: exceljs.Worksheet, output: PassThrough): Promise<void> {
  await nextTurn();
  for (;;) {
    if (output.destroyed) throw new Error('The reader of the workbook closed it');
    const { stream } = sheetInternals.parse(sheet);
    if (stream.pipes.every((pipe) => pipe._writableState.length <= MAX_PENDING_BYTES)) return;
    await sleep(5);
  }
}
