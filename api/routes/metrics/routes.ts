import { z } from 'zod';
import { resolveRange } from '../../../shared/calendar/resolve-range.ts';
import { dbOf } from '../../../shared/db/orm.ts';
import { timeRangeSchema } from '../../../shared/domain/time-range.ts';
import { readUsageOverview } from '../../../shared/insights/usage-overview.ts';
import { presentRange } from '../../http/time.ts';
import { defineRoute, type Route } from '../../route.ts';
import { metricSubject } from '../metric-subject.ts';
import { presentHost } from './present-host.ts';
import { metricsSchema } from './schema.ts';

const BYTES_PER_GB = 1e9;
const overview = defineRoute({
  method: 'GET',
  path: '/metrics',
  access: { least: 'admin', scope: 'metrics' },
  tag: 'Metrics',
  summary: 'Get an overview of hosts, AI and product usage',
  description: 'The settings define which events and AI features each counter counts.',
  query: z.strictObject(timeRangeSchema.shape),
  answers: { 200: { description: 'The overview.', schema: metricsSchema } },
  async handle(context, { query }) {
    const { deps, em, caller } = context;
    const db = dbOf(em);
    const range = await resolveRange(db, query, caller.timeZone, new Date());
    const subject = await metricSubject(context);
    const { model, isAvailable } = deps.health.aiModel();
    const unknown = { model: model === null, isAiAnswering: isAvailable === null };
    const overview = await readUsageOverview(em, subject, range, unknown);
    const { values, activeUsers24h, mostUsedModel, isAiAnswering } = overview;
    const host = await deps.currentHost.state(db);
    const latencyMs = values['ai_usage.avg_latency_ms'] ?? null;
    return {
      status: 200,
      body: {
        system: {
          ...presentHost(host),
          memory_used_gb: host ? inGigabytes(host.memory_used_bytes) : null,
          memory_total_gb: host ? inGigabytes(host.memory_total_bytes) : null,
        },
        ai: {
          model: model ?? mostUsedModel,
          is_available: isAvailable ?? isAiAnswering,
          total_requests: values['ai_usage.requests'] ?? 0,
          avg_response_time: latencyMs === null ? null : latencyMs / 1000,
          cache_hit_rate: values['ai_usage.cache_hit_rate'] ?? null,
        },
        usage: {
          total_users: values['users.total'] ?? 0,
          active_users_24h: activeUsers24h,
          total_scenarios: values['events.scenarios_started'] ?? 0,
          active_conversations: values['usage.active_conversations'] ?? 0,
          total_quizzes_taken: values['events.quizzes'] ?? 0,
          total_grammar_checks: values['usage.grammar_checks'] ?? 0,
        },
        range: presentRange(range),
      },
    };
  },
});

function inGigabytes(bytes: number): number {
  return Math.round((bytes / BYTES_PER_GB) * 1000) / 1000;
}

export const metricsRoutes: readonly Route[] = [overview];
