import { expect, it } from 'vitest';
import { partSize, partsOf } from './s3-parts.ts';

const MB = 1024 ** 2;

it('cuts a stream in the same places whatever its chunks are', async () => {
  const bytes = Buffer.from('abcdefghijklmnopqrstuvwxyz');
  for (const chunkSize of [1, 3, 4, 5, 26]) {
    const chunks = async function* () {
      for (let at = 0; at < bytes.length; at += chunkSize) yield bytes.subarray(at, at + chunkSize);
    };
    const parts: string[] = [];
    for await (const { number, body, isLast } of partsOf(chunks(), (n) => 3 + n)) {
      parts.push(`${number}${isLast ? '.' : ''} ${body}`);
    }
    expect(parts).toEqual(['1 abcd', '2 efghi', '3 jklmno', '4 pqrstuv', '5. wxyz']);
  }
});

it.each([
  [0, ['']],
  [4, ['4']],
  [5, ['4', '1']],
  [8, ['4', '4']],
])('makes no empty part of %i bytes, except of none', async (size, expected) => {
  const lengths: string[] = [];
  const chunks = async function* () {
    yield Buffer.alloc(size);
  };
  for await (const { body } of partsOf(chunks(), () => 4)) lengths.push(body.length === 0 ? '' : String(body.length));
  expect(lengths).toEqual(expected);
});

it('holds almost 3 TB in the 10,000 parts that S3 takes, each of 5 MB to 5 GB', () => {
  const sizes = Array.from({ length: 10_000 }, (_, index) => partSize(index + 1));
  expect(sizes.reduce((sum, size) => sum + size, 0) / 1024 ** 4).toBeGreaterThan(2.9);
  expect(Math.min(...sizes)).toBe(8 * MB);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(5 * 1024 * MB);
});
