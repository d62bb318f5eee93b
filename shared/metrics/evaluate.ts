import { quantile } from '../domain/sketch.ts';
import type { BaseMetric, Metric } from './definition.ts';
import { metricNamed } from './made-of.ts';

const MINUTE_MS = 60_000;
const UNIT_MS = { minute: MINUTE_MS, hour: 60 * MINUTE_MS } as const;

/** What was read for one group, by the name of each base metric's source and column. */
export interface MeasureReader {
  /** The sum that a measure of a source came to; undefined where the source has no row of the group. */
  number(metric: BaseMetric, column: string): number | undefined;
  array(metric: BaseMetric, column: string): readonly number[] | undefined;
  /** How much of the group's time has passed; null where none has. */
  elapsedMs: number | null;
}

/** A metric's value for one group: 0 for counts and sums of nothing, null for rates and quantiles of nothing. */
export function evaluate(metric: Metric, read: MeasureReader): number | null {
  const { formula } = metric;
  const amountOf = (name: string) => evaluate(metricNamed(name), read) ?? 0;
  switch (formula.kind) {
    case 'total':
      return formula.of.reduce((sum, name) => sum + amountOf(name), 0);
    case 'difference':
      return Math.max(0, amountOf(formula.of) - amountOf(formula.less));
    case 'share': {
      const whole = amountOf(formula.whole);
      return whole === 0 ? null : Math.min(100, (100 * amountOf(formula.part)) / whole);
    }
    case 'quotient': {
      const divisor = amountOf(formula.per);
      return divisor === 0 ? null : amountOf(formula.of) / divisor;
    }
    case 'rate':
      return read.elapsedMs === null ? null : (amountOf(formula.of) * UNIT_MS[formula.per]) / read.elapsedMs;
    default:
      return evaluateBase({ ...metric, formula }, read);
  }
}

function evaluateBase(metric: BaseMetric, read: MeasureReader): number | null {
  const { formula } = metric;
  switch (formula.kind) {
    case 'additive':
      return read.number(metric, formula.measure) ?? 0;
    case 'ratio': {
      const divisor = formula.denominators.reduce((sum, name) => sum + (read.number(metric, name) ?? 0), 0);
      if (divisor === 0) return null;
      return (formula.scale * (read.number(metric, formula.numerator) ?? 0)) / divisor;
    }
    case 'sketch': {
      const bins = read.array(metric, `${formula.sketch}_bins`) ?? [];
      return quantile({ bins, counts: read.array(metric, `${formula.sketch}_counts`) ?? [] }, formula.quantile);
    }
    case 'distinct':
    case 'known-users':
      return read.number(metric, 'users') ?? 0;
  }
}
