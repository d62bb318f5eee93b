import { z } from 'zod';
import { rangeSchema } from '../../http/time.ts';
import { hostShape } from '../metrics/schema.ts';

const count = () => z.number().int();
const usd = () => z.number().meta({ description: 'USD.' });

export const dashboardStatsSchema = z.object({
  users: z.object({
    total: count().meta({ description: 'Up to the end of the range.' }),
    active_24h: count(),
    new_7d: count().meta({ description: 'First seen in these days.' }),
  }),
  events: z.object({ today: count(), last_7d: count() }),
  executions: z.object({ today: count(), last_7d: count() }),
  errors: z.object({
    open: count().meta({ description: 'Open error groups with occurrences in the range.' }),
    last_24h: count().meta({ description: 'Occurrences.' }),
  }),
  costs: z.object({ today: usd(), month: usd() }),
  reports: z.object({ running: count().meta({ description: 'Pending or running now.' }), completed_7d: count() }),
  system: z.object(hostShape),
  range: rangeSchema,
});
