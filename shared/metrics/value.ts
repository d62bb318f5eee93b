import { Decimal } from 'decimal.js';
import type { Unit } from './definition.ts';

/** A number, or an amount of money with all its digits; null where nothing can be said, like a rate of nothing. */
export type MetricValue = number | Decimal | null;
export type MetricValues = Readonly<Record<string, MetricValue>>;

/** Reads a metric's value as the driver returns it: a double, or the text of an exact number. */
export function metricValue(value: unknown, unit: Unit): MetricValue {
  if (value === null || value === undefined) return null;
  return isMoney(unit) ? new Decimal(String(value)) : Number(value);
}

/** Whether values are exact decimals rather than doubles. */
export function isMoney(unit: Unit): boolean {
  return unit === 'usd' || unit === 'usd_per_hour';
}

/** A value that is no money; null where nothing can be said. */
export function numberOf(values: MetricValues, metric: string): number | null {
  const value = values[metric];
  if (value instanceof Decimal) throw new Error(`${metric} is an exact amount of money, not a double`);
  return value ?? null;
}

/** A count, or a sum that is no money; 0 of nothing. */
export function countOf(values: MetricValues, metric: string): number {
  return numberOf(values, metric) ?? 0;
}

/** An amount of money; 0 of nothing. */
export function moneyOf(values: MetricValues, metric: string): Decimal {
  const value = values[metric] ?? null;
  if (typeof value === 'number') throw new Error(`${metric} is a double, not an amount of money`);
  return value ?? new Decimal(0);
}
