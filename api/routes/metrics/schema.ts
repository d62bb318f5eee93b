import { z } from 'zod';
import { rangeSchema } from '../../http/time.ts';

const measure = (unit: string) =>
  z
    .number()
    .nullable()
    .meta({ description: `${unit}; null if no host reported.` });

/** The average of the hosts' latest samples. */
export const hostShape = {
  cpu_percent: measure('Percent'),
  memory_percent: measure('Percent'),
  disk_percent: measure('Percent'),
  uptime_seconds: measure('Seconds'),
};

const gigabytes = () => z.number().nullable().meta({ description: 'GB; null if no host reported.' });
const count = () => z.number().int();

export const metricsSchema = z.object({
  system: z.object({ ...hostShape, memory_used_gb: gigabytes(), memory_total_gb: gigabytes() }),
  ai: z.object({
    model: z
      .string()
      .nullable()
      .meta({ description: '`AI_MODEL`, or the most used model of the range; null if there is none.' }),
    is_available: z.boolean().nullable().meta({
      description:
        'The state of `AI_MODEL_SERVICE`. Without it: false if the last five requests within a day all failed, null without requests.',
    }),
    total_requests: count(),
    avg_response_time: z.number().nullable().meta({ description: 'Seconds; null without requests.' }),
    cache_hit_rate: z
      .number()
      .nullable()
      .meta({ description: 'Percent of the requests that report it; null if there are none.' }),
  }),
  usage: z.object({
    total_users: count().meta({ description: 'All users up to the end of the range.' }),
    active_users_24h: count().meta({ description: 'In the 24 hours before the end of the range.' }),
    total_scenarios: count().meta({ description: 'Scenarios started in the range.' }),
    active_conversations: count().meta({ description: 'Started in the range minus ended in the range.' }),
    total_quizzes_taken: count(),
    total_grammar_checks: count().meta({
      description: 'Events and AI usages that the settings count as grammar checks.',
    }),
  }),
  range: rangeSchema,
});
