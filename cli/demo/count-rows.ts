import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';

const quote = '"'.charCodeAt(0);
const lineFeed = '\n'.charCodeAt(0);

/** Counts the rows of a report's file; undefined for formats that are not checked. */
export async function countRows(path: string, format: string, firstColumn: string): Promise<number | undefined> {
  switch (format) {
    case 'csv':
      return countCsvRows(createReadStream(path));
    case 'xlsx':
      return countSheetRows(path, firstColumn);
    default:
      return undefined;
  }
}

/** Counts the records of a CSV file without its header (RFC 4180: a line break within quotes ends no record). */
export async function countCsvRows(source: Readable): Promise<number> {
  let lines = 0;
  let isQuoted = false;
  let isLineOpen = false;
  for await (const chunk of source) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('expected a stream of bytes, not text');
    for (const byte of chunk) {
      if (byte === quote) isQuoted = !isQuoted;
      isLineOpen = byte !== lineFeed || isQuoted;
      if (!isLineOpen) lines += 1;
    }
  }
  const all = lines + (isLineOpen ? 1 : 0);
  return Math.max(0, all - 1);
}

/** Counts the rows of the data sheets without headers. A workbook may have other sheets, and a long table several. */
async function countSheetRows(path: string, firstColumn: string): Promise<number | undefined> {
  // Imported here because it loads slowly.
  const { default: excel } = await import('exceljs');
  const none = { sharedStrings: 'cache', styles: 'ignore', hyperlinks: 'ignore', worksheets: 'emit' } as const;
  let rows: number | undefined;
  for await (const sheet of new excel.stream.xlsx.WorkbookReader(path, none)) {
    let count = 0;
    let isData = false;
    for await (const row of sheet) {
      count += 1;
      isData ||= count === 1 && row.getCell(1).text.toLowerCase().replaceAll(' ', '_') === firstColumn;
    }
    if (isData) rows = (rows ?? 0) + count - 1;
  }
  return rows;
}
