import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UnreadableRecord } from '../../shared/telemetry/prepare.ts';
import { parseArray, parseLines, parseObject } from './parse-body.ts';

const fault = (message: RegExp) => ({
  code: 'validation',
  errors: [{ field: '', message: expect.stringMatching(message) }],
});

describe('an array of records', () => {
  it('is parsed as by JSON.parse', async () => {
    const spaces = fc.constantFrom(undefined, 1, '\t', '\r\n');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue()), spaces, async (records, space) => {
        const text = JSON.stringify(records, null, space);
        expect(await parseArray(Buffer.from(` ${text}\n`))).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([
    '',
    '[',
    '[{]',
    '[{]}',
    '[1,]',
    '[,1]',
    '[1,,2]',
    '[1 2]',
    '[1]]',
    '[1] x',
    '["]',
    '[\\"]',
    '[tru]',
    '{}',
    '1',
    '\ufeff[]',
  ])('is rejected: %s', async (text) => {
    expect(() => expect(JSON.parse(text)).toEqual([])).toThrow();
    await expect(parseArray(Buffer.from(text))).rejects.toMatchObject(fault(/JSON/));
  });

  it('with too many records is rejected before any is parsed', async () => {
    const broken = Buffer.from(`[${'x,'.repeat(10_000)}x]`);
    await expect(parseArray(broken)).rejects.toMatchObject({ code: 'too-large' });
    expect(await parseArray(Buffer.from(`[${'1,'.repeat(9_999)}1]`))).toHaveLength(10_000);
  });

  it('rejects only the record with too many values or levels', async () => {
    const many = `[${'{},'.repeat(60_000)}{}]`;
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const records = await parseArray(Buffer.from(`[1,${many},${deep},{"a":"${',['.repeat(100_000)}"},2]`));
    expect(records.map((record) => record instanceof UnreadableRecord)).toEqual([false, true, true, false, false]);
  });
});

describe('lines of records', () => {
  it('are parsed one by one, without blank lines', async () => {
    const records = await parseLines(Buffer.from('{"a":1}\r\n\n  \n{"a":\n"x"\n3'));
    expect(records).toEqual([{ a: 1 }, expect.any(UnreadableRecord), 'x', 3]);
  });

  it.each(['😀'.repeat(200), 'x😀'.repeat(200), '\u0000', '{"\\ud83d": }', 'xx\ud83d'])(
    'get well-formed messages for %j',
    async (line) => {
      const [record] = await parseLines(Buffer.from(line));
      if (!(record instanceof UnreadableRecord)) throw new Error('The line was parsed');
      expect(record.reason.isWellFormed()).toBe(true);
      expect(record.reason).toMatch(/^the line is not valid JSON: /);
      expect(record.reason.length).toBeLessThan(250);
    },
  );

  it('beyond the limit are rejected before any is parsed', async () => {
    await expect(parseLines(Buffer.from('x\n'.repeat(10_001)))).rejects.toMatchObject({ code: 'too-large' });
  });
});

it('a single object is parsed, anything else rejected', async () => {
  expect(await parseObject(Buffer.from('{"a":[1]}'))).toEqual({ a: [1] });
  for (const text of ['', '[]', 'null', '1', '{']) {
    await expect(parseObject(Buffer.from(text))).rejects.toMatchObject(fault(/the body/));
  }
  const many = Buffer.from(`{"a":[${'0,'.repeat(60_000)}0]}`);
  await expect(parseObject(many)).rejects.toMatchObject(fault(/50000 values/));
});
