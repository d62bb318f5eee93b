import { z } from 'zod';
import { defineRoute, type Route } from '../../route.ts';
import { moment } from '../telemetry/stored-schema.ts';

const service = z.enum(['healthy', 'unhealthy']);
const healthSchema = z.object({
  status: z.enum(['healthy', 'degraded', 'unhealthy']),
  services: z
    .object({ database: service, temporal: service })
    .catchall(service)
    .meta({ description: 'Beside our own: those of `WATCHED_SERVICES`, by their names.' }),
  timestamp: moment(),
});

const health = defineRoute({
  method: 'GET',
  path: '/health',
  access: 'none',
  tag: 'Health',
  summary: 'Whether all is well, as last seen',
  answers: {
    200: { description: 'Telemetry is taken; while degraded, something else waits.', schema: healthSchema },
    503: { description: 'The database is out of reach.', schema: healthSchema },
  },
  async handle({ deps }) {
    const { status, services, checkedAt } = deps.health.state();
    return {
      status: status === 'unhealthy' ? 503 : 200,
      body: {
        status,
        services: Object.fromEntries(Object.entries(services).map(([name, state]) => [name, state.status])),
        timestamp: checkedAt.toISOString(),
      },
    };
  },
});

export const healthRoutes: readonly Route[] = [health];
