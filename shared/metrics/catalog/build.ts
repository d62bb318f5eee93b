import type { FactKind } from '../../facts/index.ts';
import type { Metric, Unit, UsageCounter } from '../definition.ts';

interface Said {
  aliases?: readonly string[];
  description: string;
  unit?: Unit;
}

/** Builders for the metrics of one fact; the fact's kind qualifies their names. */
export function metricsOf(fact: FactKind) {
  const base = (name: string, { aliases = [], description, unit = 'count' }: Said) => ({
    name: `${fact}.${name}`,
    aliases,
    description,
    unit,
  });
  return {
    sum: (name: string, measure: string, said: Said, counter?: UsageCounter): Metric => ({
      ...base(name, said),
      formula: { kind: 'additive', fact, measure, ...(counter === undefined ? {} : { counter }) },
    }),
    percent: (name: string, numerator: string, denominators: readonly string[], said: Omit<Said, 'unit'>): Metric => ({
      ...base(name, { ...said, unit: 'percent' }),
      formula: { kind: 'ratio', fact, numerator, denominators, scale: 100 },
    }),
    mean: (name: string, measure: string, said: Said): Metric => ({
      ...base(name, said),
      formula: { kind: 'ratio', fact, numerator: `${measure}_sum`, denominators: [`${measure}_count`], scale: 1 },
    }),
    quantile: (name: string, sketch: string, quantile: number, said: Said): Metric => ({
      ...base(name, said),
      formula: { kind: 'sketch', fact, sketch, quantile },
    }),
  };
}

/** The metrics of facts with a status. `noun`: plural, as in descriptions. */
export function outcomes(
  fact: FactKind,
  noun: string,
  short: Partial<Record<string, readonly string[]>> = {},
): Metric[] {
  const { sum, percent, mean, quantile } = metricsOf(fact);
  const aliases = (name: string) => ({ aliases: short[name] ?? [] });
  const finished = ['success_count', 'failure_count'];
  const ms = 'ms' as const;
  return [
    sum('count', 'count', { ...aliases('count'), description: `${noun} that started.` }),
    sum('success_count', 'success_count', { ...aliases('success_count'), description: `${noun} that succeeded.` }),
    sum('failure_count', 'failure_count', {
      ...aliases('failure_count'),
      description: `${noun} that failed or timed out.`,
    }),
    sum('timeout_count', 'timeout_count', { description: `${noun} that timed out.` }),
    sum('cancelled_count', 'cancelled_count', { description: `${noun} that were cancelled.` }),
    sum('in_progress_count', 'in_progress_count', { description: `${noun} still in progress.` }),
    percent('success_rate', 'success_count', finished, {
      ...aliases('success_rate'),
      description: `Share of succeeded and failed ${noun.toLowerCase()} that succeeded.`,
    }),
    percent('error_rate', 'failure_count', finished, {
      ...aliases('error_rate'),
      description: `Share of succeeded and failed ${noun.toLowerCase()} that failed.`,
    }),
    mean('avg_duration_ms', 'duration_ms', {
      ...aliases('avg_duration_ms'),
      unit: ms,
      description: `Mean duration of ended ${noun.toLowerCase()}.`,
    }),
    ...quantiles(quantile, 'duration', 'duration_ms', short),
  ];
}

/** The median and the two upper quantiles of a distribution in milliseconds. */
export function quantiles(
  quantile: ReturnType<typeof metricsOf>['quantile'],
  measure: string,
  sketch: string,
  short: Partial<Record<string, readonly string[]>> = {},
): Metric[] {
  return ([50, 95, 99] as const).map((share) => {
    const name = `p${share}_${measure}_ms`;
    return quantile(name, sketch, share / 100, {
      aliases: short[name] ?? [],
      unit: 'ms',
      description: `${share} % of values are at or below it; relative error at most 1 %.`,
    });
  });
}

/** The same name without the fact, where a short name is to mean this fact. */
export function shortNames(...names: readonly string[]): Record<string, readonly string[]> {
  return Object.fromEntries(names.map((name) => [name, [name]]));
}
