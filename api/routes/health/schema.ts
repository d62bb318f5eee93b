import { z } from 'zod';
import { moment } from '../../http/time.ts';

const service = z.enum(['healthy', 'unhealthy']);
export const healthSchema = z.object({
  status: z.enum(['healthy', 'degraded', 'unhealthy']),
  services: z
    .object({ database: service, temporal: service, ingestion: service })
    .catchall(service)
    .meta({ description: 'Also the services of `WATCHED_SERVICES`, by name.' }),
  timestamp: moment(),
});
