import { Readable } from 'node:stream';
import readXlsxFile from 'read-excel-file/node';
import { expect, it } from 'vitest';
import { linesOf } from './lines.ts';
import { workbookOf } from './workbook.ts';

const columns = [{ header: 'n', type: 'integer', freeText: false }] as const;

async function* rowsUpTo(count: number): AsyncGenerator<Buffer> {
  for (let from = 0; from < count; from += 10_000) {
    const rows = Array.from({ length: Math.min(10_000, count - from) }, (_, n) => `[${from + n}]\n`);
    yield Buffer.from(rows.join(''));
  }
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

it('starts a new sheet when one is full, without losing rows', async () => {
  const bytes = Buffer.concat(await collect(workbookOf(columns, rowsUpTo(2_003), 1_000)));
  const sheets = await readXlsxFile(bytes);
  expect(sheets.map(({ sheet, data }) => [sheet, data.length, data.at(1), data.at(-1)])).toEqual([
    ['Report', 1_001, [0], [999]],
    ['Report 2', 1_001, [1_000], [1_999]],
    ['Report 3', 4, [2_000], [2_002]],
  ]);
});

it('stops when its consumer returns early', async () => {
  const workbook = workbookOf(columns, rowsUpTo(Number.MAX_SAFE_INTEGER));
  await workbook.next();
  await expect(workbook.return(undefined)).resolves.toMatchObject({ done: true });
});

it('splits at line feeds only, for any chunk boundaries', async () => {
  const text = '["é\u2028"]\n[]\n["last"]';
  for (let size = 1; size <= 7; size += 1) {
    const bytes = Buffer.from(text);
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
      bytes.subarray(n * size, (n + 1) * size),
    );
    expect(await collect(linesOf(Readable.from(chunks)))).toEqual(['["é\u2028"]', '[]', '["last"]']);
  }
});
