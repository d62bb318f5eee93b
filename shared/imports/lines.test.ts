import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Chunk, chunksOf } from './lines.ts';

const MAX_LINE_BYTES = 16 * 1024 * 1024;

async function chunks(content: Buffer, { quoted = false, maxLines = 2, pieceBytes = 7, from = { bytes: 0, line: 0 } }) {
  async function* pieces() {
    for (let at = from.bytes; at < content.length; at += pieceBytes) yield content.subarray(at, at + pieceBytes);
  }
  const found: Chunk[] = [];
  for await (const chunk of chunksOf(pieces(), { from, quoted, maxLines, maxBytes: 1_000_000 })) found.push(chunk);
  return found;
}

async function lines(text: string | Buffer, options: Parameters<typeof chunks>[1] = {}) {
  const found = await chunks(Buffer.from(text), options);
  return found.flatMap((chunk) => chunk.lines).map(({ number, text, fault }) => [number, fault ?? text]);
}

describe('chunksOf', () => {
  it('skips blank lines but counts them, and strips the byte order mark and line ends', async () => {
    expect(await lines('\uFEFFone\r\n\n  \nfour')).toEqual([
      [1, 'one'],
      [4, 'four'],
    ]);
    expect(await lines('')).toEqual([]);
  });

  it('joins the lines of a CSV record with quoted line feeds', async () => {
    expect(await lines('a,"b\n\n""c"",\nd"\n5" pipe,e\n"",f\n', { quoted: true })).toEqual([
      [1, 'a,"b\n\n""c"",\nd"'],
      [5, '5" pipe,e'],
      [6, '"",f'],
    ]);
  });

  it('rejects only the line with an unclosed quote', async () => {
    expect(await lines('a,b\nc,"d\ne,f\ng,"h"\ni,j', { quoted: true })).toEqual([
      [1, 'a,b'],
      [2, 'has a quoted cell that is not closed'],
      [3, 'e,f'],
      [4, 'g,"h"'],
      [5, 'i,j'],
    ]);
  });

  it('reports lines that are too long or not UTF-8', async () => {
    const long = Buffer.alloc(MAX_LINE_BYTES + 1, 'x');
    const content = Buffer.concat([Buffer.from('a\n'), long, Buffer.from('\nb\n\xff\nc', 'latin1')]);
    expect(await lines(content, { pieceBytes: 65_536 })).toEqual([
      [1, 'a'],
      [2, 'is longer than 16 MB'],
      [3, 'b'],
      [4, 'is not UTF-8'],
      [5, 'c'],
    ]);
  });

  it('resumes at the end of any chunk with the same result, for any split of the bytes', async () => {
    const part = fc.constantFrom('a', '"', '""', ',', ',"', '",', '\n', '\r\n', 'é', '\uFEFF');
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 40 }), fc.integer({ min: 1, max: 9 }), async (parts, pieceBytes) => {
        const content = Buffer.from(parts.join(''));
        const whole = await chunks(content, { quoted: true, pieceBytes: 1_000 });
        expect(await chunks(content, { quoted: true, pieceBytes })).toEqual(whole);
        for (const [n, { end }] of whole.entries()) {
          const rest = await chunks(content, { quoted: true, pieceBytes, from: end });
          expect(rest).toEqual(whole.slice(n + 1));
        }
      }),
      { numRuns: 300 },
    );
  });
});
