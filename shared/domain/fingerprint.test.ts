import { expect, it } from 'vitest';
import { errorFingerprint, explainGrouping } from './fingerprint.ts';

it('is the same for occurrences that differ only in ids, numbers and quoted values', () => {
  const one = {
    exception_type: 'KeyError',
    message: `user 'jane' 42 not found in 018f3c1e-0000-7000-8000-000000000001 after 3 tries`,
  };
  const two = {
    exception_type: 'KeyError',
    message: `user 'john' 7 not found in 018f3c1e-ffff-7000-8000-00000000000a after 12 tries`,
  };
  expect(errorFingerprint(one)).toBe(errorFingerprint(two));
});

it('tells apart other types, other messages and other places', () => {
  const base = { exception_type: 'A', message: 'm', stack_trace: 'at f (x.ts:1:2)\nat g (y.ts:3:4)' };
  const moved = { ...base, stack_trace: 'at f (x.ts:9:9)\nat g (y.ts:8:8)' };
  expect(errorFingerprint(moved)).toBe(errorFingerprint(base));
  const others = [
    { ...base, exception_type: 'B' },
    { ...base, message: 'n' },
    { ...base, stack_trace: 'at h (x.ts:1:2)' },
  ];
  expect(new Set([base, ...others].map(errorFingerprint)).size).toBe(4);
});

it('explains a group by the parts that were hashed', () => {
  const error = {
    exception_type: 'KeyError',
    message: "user 'jane' 42 not found",
    stack_trace: 'Error: x\n  at f (x.ts:1:2)\n  at g (y.ts:3:4)',
  };
  const fingerprint = errorFingerprint(error);
  const { basis, explanation } = explainGrouping(fingerprint, error);
  expect(basis).toEqual([
    { part: 'exception_type', value: 'KeyError' },
    { part: 'message', value: 'user <value> <n> not found' },
    { part: 'frames', value: 'at f (x.ts)\nat g (y.ts)' },
  ]);
  expect(explanation).toContain('the same exception type');
  expect(explanation).not.toContain('differ');
  const shortened = explainGrouping(fingerprint, { ...error, message: 'user', stack_trace: null });
  expect(shortened.fingerprint).toBe(fingerprint);
  expect(shortened.explanation).toContain('no stack frames');
  expect(shortened.explanation).toContain('differ');
});
