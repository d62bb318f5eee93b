import type { UsageCounters } from '../../domain/usage-counters.ts';
import type { FactKind } from '../../facts/index.ts';
import type { BaseMetric, UsageCounter } from '../definition.ts';
import type { Scope } from './measures.ts';

/** A row as it is read, by the names of its columns. */
type Row = Readonly<Record<string, unknown>>;

/** By which dimension the rows of a fact count as something: events by their name, AI usages by their feature. */
const COUNTED: Partial<Record<FactKind, string>> = { events: 'event_name', ai_usage: 'feature' };

/** The counters that some metrics are made by, with the names that count as each. */
export function countersOf(metrics: readonly BaseMetric[], counters: Readonly<UsageCounters>) {
  const found = new Map<UsageCounter, readonly string[]>();
  for (const { formula } of metrics) {
    if (formula.kind === 'additive' && formula.counter) found.set(formula.counter, counters[formula.counter]);
  }
  return found;
}

/** The column that tells what a row of such an answer counts as. */
export function countingColumn(kind: FactKind): string {
  return `d_${COUNTED[kind]}`;
}

/** The same question of the rows that count as something, told apart by what they count as. */
export function countingScope(scope: Scope, kind: FactKind, names: readonly string[]): Scope {
  const dimension = COUNTED[kind];
  if (dimension === undefined) throw new Error(`There are no counters of ${kind}`);
  const asked = scope.filters[dimension];
  const wanted = [...new Set(names)].filter((name) => !asked || asked.includes(name));
  return {
    ...scope,
    groupBy: [...new Set([...scope.groupBy, dimension])],
    filters: { ...scope.filters, [dimension]: wanted },
  };
}

/** One row of each group, with the sum of a column. */
export function summed(rows: readonly Row[], names: readonly string[], column: string): Row[] {
  const groups = new Map<string, Row>();
  for (const row of rows) {
    const key = JSON.stringify(names.map((name) => row[name]));
    const before = groups.get(key);
    groups.set(key, { ...row, [column]: Number(before?.[column] ?? 0) + Number(row[column]) });
  }
  return [...groups.values()];
}
