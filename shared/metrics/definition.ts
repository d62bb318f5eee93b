import type { UsageCounters } from '../domain/usage-counters.ts';
import type { FactKind } from '../facts/index.ts';

export const UNITS = [
  'count',
  'percent',
  'ms',
  'seconds',
  'tokens',
  'usd',
  'score',
  'steps',
  'per_minute',
  'per_hour',
  'usd_per_hour',
] as const;
export type Unit = (typeof UNITS)[number];

/** The counters whose events, or AI features, an organisation names in its settings. */
export type UsageCounter = keyof UsageCounters;

/** How a metric is made that is read itself. Measures and sketches are those of the fact's rollup. */
export type BaseFormula =
  /** A sum over rows: parts of a range, or of its groups, add up to the whole. */
  | { kind: 'additive'; fact: FactKind; measure: string; counter?: UsageCounter }
  /** A sum by a sum, times `scale`; null of nothing. */
  | { kind: 'ratio'; fact: FactKind; numerator: string; denominators: readonly string[]; scale: 1 | 100 }
  /** A quantile of a distribution, within 1 %. */
  | { kind: 'sketch'; fact: FactKind; sketch: string; quantile: number }
  /** Different users: never the sum of parts. */
  | { kind: 'distinct'; facts: readonly FactKind[] }
  /** Users by when they were first seen: up to the end of the range, or within it. */
  | { kind: 'known-users'; which: 'all' | 'new' };

/** How a metric is made of others, by their names; these may be made of others too. */
export type DerivedFormula =
  /** The sum of other metrics. */
  | { kind: 'total'; of: readonly string[] }
  /** One metric less another, at least 0. */
  | { kind: 'difference'; of: string; less: string }
  /** One metric of another in percent, at most 100; null of nothing. */
  | { kind: 'share'; part: string; whole: string }
  /** One metric by another, also of another fact; null of nothing. */
  | { kind: 'quotient'; of: string; per: string }
  /** A metric by the time that its row spans, as far as that has passed; null where none has. */
  | { kind: 'rate'; of: string; per: 'minute' | 'hour' };

export type Formula = BaseFormula | DerivedFormula;

/** One number that Tidemark can show, the same wherever it is shown. */
export interface Metric {
  /** Qualified by its fact: `executions.success_rate`. */
  name: string;
  /** Short names that the contract and older clients use. */
  aliases: readonly string[];
  description: string;
  unit: Unit;
  formula: Formula;
}

export interface BaseMetric extends Metric {
  formula: BaseFormula;
}

/** What a value of a dimension is called: the latest text of its rows. */
export interface Label {
  fact: FactKind;
  /** A measure of `[time, text]` pairs of which the greatest stands. */
  measure: string;
}
