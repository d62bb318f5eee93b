import { z } from 'zod';
import { timeRangeSchema } from '../../../shared/domain/time-range.ts';
import { moment } from '../../http/time.ts';

export const rankingQuery = z.strictObject({
  ...timeRangeSchema.shape,
  limit: z.coerce.number().int().min(1).max(500).default(10).meta({ description: 'Rows, at most 500.' }),
});

export const topUsersSchema = z.array(
  z.object({
    user_id: z.string(),
    email: z.string().nullable().meta({ description: 'Null if unknown.' }),
    activity_count: z.number().int(),
    last_active: moment().meta({ description: 'Within the range.' }),
  }),
);

export const popularScenariosSchema = z.array(
  z.object({
    scenario_id: z.string(),
    name: z.string().nullable().meta({ description: 'From the latest event of the range that carries one.' }),
    start_count: z.number().int(),
    completion_rate: z.number().nullable().meta({ description: 'Percent of the starts, at most 100.' }),
  }),
);
