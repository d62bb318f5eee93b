import { type FactKind, factList } from '../facts/index.ts';

/**
 * The facts that an erasure scans, in order: those with a user of their own, and executions last, since the rows that
 * depend on them are found through them. Facts that belong to another are erased with it.
 */
export function erasedFacts(): FactKind[] {
  const own = factList.filter(({ belongsTo }) => belongsTo === undefined).map(({ kind }) => kind);
  const isLast = (kind: FactKind) => Number(factList.some(({ belongsTo }) => belongsTo === kind));
  return own.toSorted((a, b) => isLast(a) - isLast(b));
}
