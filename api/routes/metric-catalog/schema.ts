import { z } from 'zod';
import { UNITS } from '../../../shared/metrics/definition.ts';

export const METRIC_KINDS = ['additive', 'ratio', 'rate', 'distinct', 'sketch', 'gauge'] as const;

const metricSchema = z
  .object({
    name: z.string(),
    aliases: z.array(z.string()).meta({ description: 'Short names of the same metric.' }),
    description: z.string(),
    unit: z.enum(UNITS),
    kind: z.enum(METRIC_KINDS).meta({
      description:
        '`additive`: parts add up to the whole. `ratio`: a quotient of two metrics. `rate`: a metric divided by the elapsed time of its range or bucket. `distinct`: parts do not add up. `sketch`: a quantile with 1 % relative error. `gauge`: a state.',
    }),
    dimensions: z.array(z.string()).meta({
      description:
        'Dimensions to group and filter by. `agent_tag` only filters. `hour_of_day` and `weekday` (Monday is 1) only group, and not a `rate`.',
    }),
  })
  .meta({ id: 'Metric' });

const names = () => z.array(z.string());
export const metricCatalogSchema = z.object({
  data: z.array(metricSchema),
  question: z
    .object({
      filter_operators: names(),
      having_operators: names(),
      granularities: names(),
      directions: names(),
      limits: z.record(z.string(), z.number().int()).meta({ description: 'The bounds of one question.' }),
    })
    .meta({ description: 'What `POST /query` accepts besides metrics and dimensions.' }),
});
