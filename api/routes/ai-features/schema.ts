import { z } from 'zod';
import { rangeSchema } from '../../http/time.ts';

const rate = () => z.number().nullable();
export const aiFeaturesSchema = z.object({
  features: z.array(
    z.object({
      feature: z.string(),
      requests: z.number().int(),
      success_rate: rate().meta({ description: 'Percent.' }),
      avg_response_time: rate().meta({ description: 'Seconds.' }),
      cache_hit_rate: rate().meta({ description: 'Percent of the requests that report it; null if there are none.' }),
      total_tokens: z.number().int(),
      total_cost: z.number().meta({ description: 'USD.' }),
    }),
  ),
  range: rangeSchema,
});
