import type { BaseMetric } from '../definition.ts';

type SketchMetric = BaseMetric & { formula: { kind: 'sketch' } };

/** What a column of a source is called: equal for metrics that read the same. */
export function measureColumn({ formula }: BaseMetric, measure: string): string {
  if (formula.kind === 'additive') return `${formula.fact}/${formula.counter ?? ''}/${measure}`;
  if (formula.kind === 'ratio') return `${formula.fact}//${measure}`;
  throw new Error(`A ${formula.kind} has no measures`);
}

export function quantileColumn({ formula }: SketchMetric): string {
  return `${formula.fact}/${formula.sketch}/${formula.quantile}`;
}

export function usersColumn({ name }: BaseMetric): string {
  return `${name}/users`;
}

export function labelColumn(name: string): string {
  return `label/${name}`;
}
