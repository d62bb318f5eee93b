import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';

const quote = '"'.charCodeAt(0);
const lineFeed = '\n'.charCodeAt(0);

/** The rows that a report's file really holds, or undefined for a format that is not looked into. */
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

/** How many records a CSV file holds below its header (RFC 4180: a line break within quotes ends nothing). */
export async function countCsvRows(source: Readable): Promise<number> {
  let lines = 0;
  let isQuoted = false;
  let isLineOpen = false;
  for await (const chunk of source) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('bytes are counted, not text');
    for (const byte of chunk) {
      if (byte === quote) isQuoted = !isQuoted;
      isLineOpen = byte !== lineFeed || isQuoted;
      if (!isLineOpen) lines += 1;
    }
  }
  const all = lines + (isLineOpen ? 1 : 0);
  return Math.max(0, all - 1);
}

/** The rows below the headers of those sheets that hold the data: a workbook may have others, and a long table several. */
async function countSheetRows(path: string, firstColumn: string): Promise<number | undefined> {
  // Loaded only where it is needed: it is slow to load.
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
