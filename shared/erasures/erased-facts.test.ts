import { expect, it } from 'vitest';
import { ERASED_FACTS } from '../contracts/erasure.ts';
import { erasedFacts } from './erased-facts.ts';

it('erases in the workflow every fact that is not erased with another, and executions last', () => {
  expect(ERASED_FACTS.toSorted()).toEqual(erasedFacts().toSorted());
  expect(ERASED_FACTS.at(-1)).toBe(erasedFacts().at(-1));
});
