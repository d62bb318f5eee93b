import { metricByName } from './catalog/index.ts';
import type { BaseMetric, DerivedFormula, Metric } from './definition.ts';

/** The metrics that a metric is made of in the end: itself, or those that it adds up or compares. */
export function baseOf(metric: Metric): BaseMetric[] {
  const { formula } = metric;
  switch (formula.kind) {
    case 'total':
    case 'difference':
    case 'share':
    case 'quotient':
    case 'rate':
      return operandsOf(formula).flatMap(baseOf);
    default:
      return [{ ...metric, formula }];
  }
}

/** The rate that a metric is, or is made of; null where time does not come into it. */
export function rateWithin(metric: Metric): (Metric & { formula: { kind: 'rate' } }) | null {
  const { formula } = metric;
  switch (formula.kind) {
    case 'rate':
      return { ...metric, formula };
    case 'total':
    case 'difference':
    case 'share':
    case 'quotient':
      return (
        operandsOf(formula)
          .map(rateWithin)
          .find((rate) => rate !== null) ?? null
      );
    default:
      return null;
  }
}

/** @throws Error where an entry of the catalog names what is not in it */
export function metricNamed(name: string): Metric {
  const metric = metricByName.get(name);
  if (!metric) throw new Error(`${name} is not in the catalog`);
  return metric;
}

function operandsOf(formula: DerivedFormula): Metric[] {
  switch (formula.kind) {
    case 'total':
      return formula.of.map(metricNamed);
    case 'difference':
      return [metricNamed(formula.of), metricNamed(formula.less)];
    case 'share':
      return [metricNamed(formula.part), metricNamed(formula.whole)];
    case 'quotient':
      return [metricNamed(formula.of), metricNamed(formula.per)];
    case 'rate':
      return [metricNamed(formula.of)];
  }
}
