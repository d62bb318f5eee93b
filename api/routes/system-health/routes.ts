import { dbOf } from '../../../shared/db/orm.ts';
import { rollupLagSeconds } from '../../../shared/rollups/rollup-lag.ts';
import { defineRoute, type Route } from '../../route.ts';
import { systemHealthSchema } from './schema.ts';

const systemHealth = defineRoute({
  method: 'GET',
  path: '/system/health',
  access: { least: 'admin', scope: 'metrics' },
  tag: 'Health',
  summary: 'Get the state of services, hosts, workers, rollups and the API',
  answers: { 200: { description: 'The latest state.', schema: systemHealthSchema } },
  async handle({ deps, em, caller }) {
    const db = dbOf(em);
    const { status, services } = deps.health.state();
    const requests = await deps.requests.stats();
    const [host, queues, lagSeconds] = await Promise.all([
      deps.currentHost.state(db),
      deps.pollers.read(),
      rollupLagSeconds(db, caller.credential.orgId),
    ]);
    const shown = queues.map(({ taskQueue, pollers }) => ({ task_queue: taskQueue, pollers }));
    const general = shown.find(({ task_queue }) => task_queue === deps.config.TASK_QUEUE);
    return {
      status: 200,
      body: {
        status,
        uptime_seconds: Math.round(process.uptime()),
        services: Object.fromEntries(Object.entries(services).map(([name, state]) => [name, state.status])),
        services_since: Object.fromEntries(
          Object.entries(services).map(([name, { since }]) => [name, since.toISOString()]),
        ),
        response_time_ms: { avg: rounded(requests.avgMs), p95: rounded(requests.p95Ms) },
        error_rate: Math.round(requests.errorRate * 100) / 100,
        request_count: requests.count,
        cpu_percent: host?.cpu_percent ?? null,
        memory_percent: host?.memory_percent ?? null,
        disk_percent: host?.disk_percent ?? null,
        workers: { task_queue: deps.config.TASK_QUEUE, pollers: general?.pollers ?? null, queues: shown },
        rollup_lag_seconds: lagSeconds,
      },
    };
  },
});

function rounded(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms * 100) / 100;
}

export const systemHealthRoutes: readonly Route[] = [systemHealth];
