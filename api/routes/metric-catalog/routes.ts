import { z } from 'zod';
import { catalog } from '../../../shared/metrics/catalog/index.ts';
import { type Metric, UNITS } from '../../../shared/metrics/definition.ts';
import { baseOf } from '../../../shared/metrics/made-of.ts';
import { commonDimensions } from '../../../shared/metrics/query.ts';
import { defineRoute, type Route } from '../../route.ts';

const KINDS = ['additive', 'ratio', 'rate', 'distinct', 'sketch', 'gauge'] as const;

const metricSchema = z
  .object({
    name: z.string(),
    aliases: z.array(z.string()).meta({ description: 'Short names that mean the same.' }),
    description: z.string(),
    unit: z.enum(UNITS),
    kind: z.enum(KINDS).meta({
      description:
        '`additive`: parts add up to the whole. `ratio`: one number by another. `rate`: a number by the time that has passed of its range, or of its bucket. `distinct`: never a sum of parts. `sketch`: a quantile, within 1 %. `gauge`: how it stands.',
    }),
    dimensions: z.array(z.string()).meta({
      description:
        'What it can be grouped and filtered by; `agent_tag` only filters, `hour_of_day` and `weekday` (from Monday, 1) only group, and not a `rate`.',
    }),
  })
  .meta({ id: 'Metric' });

const list = defineRoute({
  method: 'GET',
  path: '/metric-catalog',
  access: { least: 'admin', scope: 'metrics' },
  tag: 'Metrics',
  summary: 'List every metric, with what it means and what it can be grouped by',
  answers: { 200: { description: 'The catalog.', schema: z.object({ data: z.array(metricSchema) }) } },
  handle: async () => ({ status: 200, body: { data: catalog.map(present) } }),
});

function present(metric: Metric): z.output<typeof metricSchema> {
  const { name, aliases, description, unit } = metric;
  const dimensions = [...commonDimensions([metric])].sort();
  return { name, aliases: [...aliases], description, unit, kind: kindOf(metric), dimensions };
}

function kindOf(metric: Metric): (typeof KINDS)[number] {
  const { formula } = metric;
  switch (formula.kind) {
    case 'total':
      return 'additive';
    case 'share':
    case 'quotient':
      return 'ratio';
    case 'difference':
      // What is left of different users is different users too.
      return baseOf(metric).some((base) => base.formula.kind === 'distinct') ? 'distinct' : 'gauge';
    case 'known-users':
      return formula.which === 'new' ? 'additive' : 'gauge';
    default:
      return formula.kind;
  }
}

export const metricCatalogRoutes: readonly Route[] = [list];
