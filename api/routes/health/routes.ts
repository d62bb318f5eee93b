import { defineRoute, type Route } from '../../route.ts';
import { healthSchema } from './schema.ts';

const health = defineRoute({
  method: 'GET',
  path: '/health',
  access: 'none',
  tag: 'Health',
  summary: 'Get the latest health check',
  answers: {
    200: { description: 'Telemetry is accepted; `degraded`: another service is unhealthy.', schema: healthSchema },
    503: { description: 'The database is unavailable.', schema: healthSchema },
  },
  async handle({ deps }) {
    const { status, services, checkedAt } = deps.health.state();
    const body = {
      status,
      services: {
        ...Object.fromEntries(Object.entries(services).map(([name, state]) => [name, state.status])),
        database: services.database?.status ?? 'unhealthy',
        temporal: services.temporal?.status ?? 'unhealthy',
        ingestion: services.ingestion?.status ?? 'unhealthy',
      },
      timestamp: checkedAt.toISOString(),
    };
    return status === 'unhealthy' ? { status: 503, body } : { status: 200, body };
  },
});

export const healthRoutes: readonly Route[] = [health];
