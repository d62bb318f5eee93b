import { type RawBuilder, sql } from 'kysely';
import type { UsageCounters } from '../../domain/usage-counters.ts';
import type { FactKind } from '../../facts/index.ts';
import type { BaseMetric } from '../definition.ts';
import { measureColumn } from './columns.ts';
import type { Scope } from './measures.ts';

/** By which dimension the rows of a fact count as something: events by their name, AI usages by their feature. */
const COUNTED: Partial<Record<FactKind, string>> = { events: 'event_name', ai_usage: 'feature' };

/** A counter of a fact, with the names that count as it. */
export interface Counted {
  column: string;
  measure: string;
  names: readonly string[];
}

/** The counters that some metrics are made by. */
export function countersOf(metrics: readonly BaseMetric[], counters: Readonly<UsageCounters>): Counted[] {
  const found = new Map<string, Counted>();
  for (const metric of metrics) {
    const { formula } = metric;
    if (formula.kind !== 'additive' || !formula.counter) continue;
    const column = measureColumn(metric, formula.measure);
    found.set(column, { column, measure: formula.measure, names: counters[formula.counter] });
  }
  return [...found.values()];
}

/** The same question of the rows that count as something, told apart by what they count as. */
export function countingScope(scope: Scope, kind: FactKind, counted: readonly Counted[]): Scope {
  const dimension = countingDimension(kind);
  const names = [...new Set(counted.flatMap((one) => one.names))];
  return {
    ...scope,
    groupBy: [...new Set([...scope.groupBy, dimension])],
    filters: [...scope.filters, { dimension, operator: 'in', value: names }],
  };
}

/** A row of each group with a column for each counter, out of the rows that `countingScope` asks for. */
export function compileCounters(
  keys: readonly string[],
  kind: FactKind,
  counted: readonly Counted[],
  rows: RawBuilder<unknown>,
): RawBuilder<unknown> {
  const what = sql.ref(`n.d_${countingDimension(kind)}`);
  const sums = counted.map(({ measure, names }, n) => {
    const isNamed = sql`${what} = ANY (ARRAY(SELECT json_array_elements_text(${JSON.stringify(names)}::json)))`;
    return sql`coalesce(sum(${sql.ref(`n.${measure}`)}) FILTER (WHERE ${isNamed}), 0)::numeric AS ${sql.id(`n${n}`)}`;
  });
  const columns = keys.map((key) => sql.ref(`n.${key}`));
  const grouped = keys.length > 0 ? sql`GROUP BY ${sql.join(columns)}` : sql``;
  return sql`SELECT ${sql.join([...columns, ...sums])} FROM (${rows}) n ${grouped}`;
}

function countingDimension(kind: FactKind): string {
  const dimension = COUNTED[kind];
  if (dimension === undefined) throw new Error(`There are no counters of ${kind}`);
  return dimension;
}
