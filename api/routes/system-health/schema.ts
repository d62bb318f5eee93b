import { z } from 'zod';
import { moment } from '../../http/time.ts';

const service = z.enum(['healthy', 'unhealthy']);
const percent = () => z.number().nullable().meta({ description: 'Percent; null if no host reported.' });
const pollers = () =>
  z.number().int().nullable().meta({ description: 'Processes that poll it; null while Temporal does not report it.' });

export const systemHealthSchema = z.object({
  status: z.enum(['healthy', 'degraded', 'unhealthy']).meta({ description: 'As in `/health`.' }),
  uptime_seconds: z.number().int().meta({ description: 'Of the API process that served the request.' }),
  services: z.record(z.string(), service),
  services_since: z
    .record(z.string(), moment())
    .meta({ description: 'When each service entered its state, as observed by this process.' }),
  response_time_ms: z
    .object({ avg: z.number().nullable(), p95: z.number().nullable() })
    .meta({ description: 'Of the requests that this process served in the last hour; null without requests.' }),
  error_rate: z.number().meta({ description: 'Percent of these requests with a status of 500 or above.' }),
  request_count: z.number().int().meta({ description: 'Number of these requests.' }),
  cpu_percent: percent(),
  memory_percent: percent(),
  disk_percent: percent(),
  workers: z.object({
    task_queue: z.string(),
    pollers: pollers(),
    queues: z.array(z.object({ task_queue: z.string(), pollers: pollers() })),
  }),
  rollup_lag_seconds: z
    .number()
    .meta({ description: 'Age of the oldest change of the organisation that is not rolled up yet.' }),
});
