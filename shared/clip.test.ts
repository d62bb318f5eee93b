import { expect, it } from 'vitest';
import { clip } from './clip.ts';

it.each([
  ['abc', 3, 'abc'],
  ['abcd', 3, 'abc'],
  ['a😀b', 2, 'a'],
  ['a😀b', 3, 'a😀'],
  ['a\ud83d', 5, 'a\ufffd'],
  ['\ude00a', 1, '\ufffd'],
])('clips %j at %d to %j', (text, max, clipped) => {
  expect(clip(text, max)).toBe(clipped);
});
