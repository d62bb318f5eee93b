import { z } from 'zod';
import { moment } from '../openapi/stored.ts';
import { defineRoute, type Route } from '../route.ts';

const service = z.enum(['healthy', 'unhealthy']);
const healthSchema = z.object({
  status: z.enum(['healthy', 'degraded', 'unhealthy']),
  services: z.object({ database: service, temporal: service }),
  timestamp: moment(),
});

const health = defineRoute({
  method: 'GET',
  path: '/health',
  access: 'none',
  tag: 'Health',
  summary: 'Whether all is well, as last seen',
  answers: {
    200: { description: 'Telemetry is taken; while degraded, reports wait.', schema: healthSchema },
    503: { description: 'The database is out of reach.', schema: healthSchema },
  },
  async handle({ deps }) {
    const { database, temporal, checkedAt } = deps.health.state();
    const status = database === 'unhealthy' ? 'unhealthy' : temporal === 'unhealthy' ? 'degraded' : 'healthy';
    return {
      // Without the database nothing can be taken or answered; without Temporal telemetry still is.
      status: status === 'unhealthy' ? 503 : 200,
      body: { status, services: { database, temporal }, timestamp: checkedAt.toISOString() },
    };
  },
});

export const healthRoutes: readonly Route[] = [health];
