import { defineRoute, type Route } from '../route.ts';

const health = defineRoute({
  method: 'GET',
  path: '/health',
  access: 'none',
  summary: 'Whether all is well, as last seen',
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
