import { type FactKind, factList } from '../facts/index.ts';

/**
 * Lists the facts that an erasure scans, in order: facts with a user column, executions last, because dependent rows
 * are found through them. Dependent facts are erased with their parent.
 */
export function erasedFacts(): FactKind[] {
  const own = factList.filter(({ belongsTo }) => belongsTo === undefined).map(({ kind }) => kind);
  const isLast = (kind: FactKind) => Number(factList.some(({ belongsTo }) => belongsTo === kind));
  return own.toSorted((a, b) => isLast(a) - isLast(b));
}
