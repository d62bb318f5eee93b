import type { z } from 'zod';
import type { Metric } from '../../../shared/metrics/definition.ts';
import { baseOf } from '../../../shared/metrics/made-of.ts';
import { QUESTION_LANGUAGE } from '../../../shared/metrics/question.ts';
import { commonDimensions } from '../../../shared/metrics/resolve.ts';
import type { METRIC_KINDS, metricCatalogSchema } from './schema.ts';

type Catalog = z.input<typeof metricCatalogSchema>;

export function presentMetric(metric: Metric): Catalog['data'][number] {
  const { name, aliases, description, unit } = metric;
  const dimensions = [...commonDimensions([metric])].sort();
  return { name, aliases: [...aliases], description, unit, kind: kindOf(metric), dimensions };
}

export function presentLanguage(): Catalog['question'] {
  const { filter_operators, having_operators, granularities, directions, limits } = QUESTION_LANGUAGE;
  return {
    filter_operators: [...filter_operators],
    having_operators: [...having_operators],
    granularities: [...granularities],
    directions: [...directions],
    limits: { ...limits },
  };
}

function kindOf(metric: Metric): (typeof METRIC_KINDS)[number] {
  const { formula } = metric;
  switch (formula.kind) {
    case 'total':
      return 'additive';
    case 'share':
    case 'quotient':
      return 'ratio';
    case 'difference':
      // A difference of distinct users is a number of distinct users.
      return baseOf(metric).some((base) => base.formula.kind === 'distinct') ? 'distinct' : 'gauge';
    case 'known-users':
      return formula.which === 'new' ? 'additive' : 'gauge';
    default:
      return formula.kind;
  }
}
