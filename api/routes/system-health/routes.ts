import { z } from 'zod';
import { dbOf } from '../../../shared/db/orm.ts';
import { rollupLagSeconds } from '../../../shared/rollups/rollup-lag.ts';
import { defineRoute, type Route } from '../../route.ts';
import { moment } from '../telemetry/stored-schema.ts';

const service = z.enum(['healthy', 'unhealthy']);
const percent = () => z.number().nullable().meta({ description: 'Percent; null where no host could be read.' });
const pollers = () =>
  z.number().int().nullable().meta({ description: 'Processes that poll it; null while Temporal does not say.' });

const systemHealthSchema = z.object({
  status: z.enum(['healthy', 'degraded', 'unhealthy']).meta({ description: 'As `/health` says.' }),
  uptime_seconds: z.number().int().meta({ description: 'Of the API process that answers.' }),
  services: z.record(z.string(), service),
  services_since: z
    .record(z.string(), moment())
    .meta({ description: 'When each service came into its state, as far as this process saw.' }),
  response_time_ms: z
    .object({ avg: z.number().nullable(), p95: z.number().nullable() })
    .meta({ description: 'Of what this process answered within the last hour; null where that is nothing.' }),
  error_rate: z.number().meta({ description: 'Percent of those answers with a status of 500 and above.' }),
  request_count: z.number().int().meta({ description: 'How many answers that were.' }),
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
    .meta({ description: 'How long the oldest change of the organisation waits to be rolled up.' }),
});

const systemHealth = defineRoute({
  method: 'GET',
  path: '/system/health',
  access: { least: 'admin', scope: 'metrics' },
  tag: 'Health',
  summary: 'How the installation does: services, hosts, workers, rollups and the API itself',
  answers: { 200: { description: 'As last seen.', schema: systemHealthSchema } },
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
