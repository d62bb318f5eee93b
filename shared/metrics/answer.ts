import { pgTime } from '../pg-time.ts';
import type { BaseMetric } from './definition.ts';
import { evaluate } from './evaluate.ts';
import type { MetricQuery, MetricRow, ResolvedQuery } from './query.ts';

/** A row of numbers as it is read; the groups' values stand in it by their column names. */
export type Read = Record<string, unknown>;

/** How much of a row's time has passed, in milliseconds; null where none has. By its bucket, null for the whole range. */
export type ElapsedOf = (bucket: Date | null) => number | null;

/** What was read of each group, by source. */
export class Groups {
  private readonly rows = new Map<string, { key: Read; bySource: Map<string, Read> }>();
  readonly elapsedOf: ElapsedOf;

  /** @param elapsedOf what numbers by time are divided by */
  constructor(elapsedOf: ElapsedOf) {
    this.elapsedOf = elapsedOf;
  }

  add(source: string, names: readonly string[], rows: readonly Read[]): void {
    for (const row of rows) {
      const key = Object.fromEntries(names.map((name) => [name, row[name] ?? null]));
      const text = JSON.stringify(key);
      const group = this.rows.get(text) ?? { key, bySource: new Map<string, Read>() };
      group.bySource.set(source, row);
      this.rows.set(text, group);
    }
  }

  get(key: string) {
    return this.rows.get(key);
  }

  entries() {
    return this.rows.entries();
  }
}

/** Where a metric's numbers are found among those of its group. */
export function sourceOf({ name, formula }: BaseMetric): string {
  if (formula.kind === 'distinct' || formula.kind === 'known-users') return name;
  return formula.kind === 'additive' && formula.counter ? `${formula.fact}/${formula.counter}` : formula.fact;
}

/** Where a label's text is found. */
export function labelSource(name: string): string {
  return `label/${name}`;
}

/** The rows of an answer, in the order that was asked for. */
export function arranged(
  query: MetricQuery,
  { asked, labels, groupBy }: ResolvedQuery,
  now: Groups,
  before: Groups | null,
): MetricRow[] {
  const valuesOf = (bySource: ReadonlyMap<string, Read>, elapsedMs: number | null) => {
    const reader = {
      number: (metric: BaseMetric, column: string) => {
        const value = bySource.get(sourceOf(metric))?.[column];
        return value === undefined || value === null ? undefined : Number(value);
      },
      array: (metric: BaseMetric, column: string) => numbers(bySource.get(sourceOf(metric))?.[column]),
      elapsedMs,
    };
    return Object.fromEntries(asked.map(({ name, metric }) => [name, evaluate(metric, reader)]));
  };
  const nothing = new Map<string, Read>();
  // Without groups there is one row, also of nothing.
  if (groupBy.length === 0 && !query.granularity) now.add('', [], [{}]);
  const rows = [...now.entries()].map(([text, { key, bySource }]): MetricRow => {
    const bucket = typeof key.bucket === 'string' ? pgTime(key.bucket) : null;
    return {
      group: Object.fromEntries(groupBy.map((name) => [name, textOrNull(key[`d_${name}`])])),
      bucket,
      values: valuesOf(bySource, now.elapsedOf(bucket)),
      labels: Object.fromEntries(
        labels.map(({ name, label }) => [name, latestText(bySource.get(labelSource(name))?.[label.measure])]),
      ),
      previous: before ? valuesOf(before.get(text)?.bySource ?? nothing, before.elapsedOf(bucket)) : null,
    };
  });
  rows.sort(comparison(query));
  return query.limit === undefined ? rows : rows.slice(0, query.limit);
}

/** By the metric asked for, nulls last; then by bucket and group, so that equal questions have equal answers. */
function comparison({ order }: MetricQuery) {
  return (a: MetricRow, b: MetricRow): number => {
    if (order) {
      const [x, y] = [a.values[order.by] ?? null, b.values[order.by] ?? null];
      if (x === null || y === null) {
        if (x !== y) return x === null ? 1 : -1;
      } else if (x !== y) return order.direction === 'asc' ? x - y : y - x;
    }
    const time = (a.bucket?.getTime() ?? 0) - (b.bucket?.getTime() ?? 0);
    if (time !== 0) return time;
    const [left, right] = [JSON.stringify(a.group), JSON.stringify(b.group)];
    return left < right ? -1 : left > right ? 1 : 0;
  };
}

function textOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}

/** The text of a pair of time and text. */
function latestText(pair: unknown): string | null {
  return Array.isArray(pair) ? textOrNull(pair[1]) : null;
}

/** PostgreSQL's arrays of bigint come as texts. */
function numbers(value: unknown): number[] | undefined {
  return Array.isArray(value) ? value.map(Number) : undefined;
}
