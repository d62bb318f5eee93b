import { z } from 'zod';
import { UNITS } from '../../../shared/metrics/definition.ts';
import { rangeSchema } from '../../http/time.ts';

const columnSchema = z.object({
  name: z.string().meta({ description: 'The key of the value in each row.' }),
  kind: z.enum(['bucket', 'dimension', 'metric']),
  type: z.enum(['timestamp', 'text', 'integer', 'number']),
  unit: z.enum(UNITS).nullable().meta({ description: 'Of a metric; null otherwise.' }),
});

const rowSchema = z.record(z.string(), z.union([z.string(), z.number()]).nullable());

export const queryAnswerSchema = z
  .object({
    columns: z.array(columnSchema),
    rows: z.array(rowSchema).meta({
      description:
        'Values by column. Null: no value of the dimension, or a metric without data, such as a rate of nothing.',
    }),
    range: rangeSchema,
    previous: z
      .object({
        rows: z.array(rowSchema).meta({
          description: 'The same groups in the order of `rows`; with a granularity, the buckets of that range.',
        }),
        range: rangeSchema,
      })
      .optional()
      .meta({ description: 'With `compare_to_previous`: the range of equal length before.' }),
  })
  .meta({ id: 'QueryAnswer' });
