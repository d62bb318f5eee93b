import { z } from 'zod';
import { resolveRange } from '../../../shared/calendar/resolve-range.ts';
import { dbOf } from '../../../shared/db/orm.ts';
import { timeRangeSchema } from '../../../shared/domain/time-range.ts';
import { readUsageOverview } from '../../../shared/insights/usage-overview.ts';
import { rangeSchema } from '../../http/answers.ts';
import { presentRange } from '../../http/list-query.ts';
import { defineRoute, type Route } from '../../route.ts';
import { metricSubject } from '../metric-subject.ts';
import { hostShape, presentHost } from './present-host.ts';

const BYTES_PER_GB = 1e9;
const gigabytes = () => z.number().nullable().meta({ description: 'GB; null where no host could be read.' });
const count = () => z.number().int();

const answerSchema = z.object({
  system: z.object({ ...hostShape, memory_used_gb: gigabytes(), memory_total_gb: gigabytes() }),
  ai: z.object({
    model: z
      .string()
      .nullable()
      .meta({ description: '`AI_MODEL`, or else the most used in the range; null where none is named.' }),
    is_available: z.boolean().nullable().meta({
      description:
        'What `AI_MODEL_SERVICE` says; or else false where all of the last five requests of a day failed, null where there were none.',
    }),
    total_requests: count(),
    avg_response_time: z.number().nullable().meta({ description: 'Seconds; null without requests.' }),
    cache_hit_rate: z
      .number()
      .nullable()
      .meta({ description: 'Percent of the requests that say; null where none does.' }),
  }),
  usage: z.object({
    total_users: count().meta({ description: 'Ever seen, up to the end of the range.' }),
    active_users_24h: count().meta({ description: 'In the 24 hours before the end of the range.' }),
    total_scenarios: count().meta({ description: 'Scenarios begun in the range.' }),
    active_conversations: count().meta({ description: 'Begun in the range, less those ended in it.' }),
    total_quizzes_taken: count(),
    total_grammar_checks: count().meta({ description: 'Events and uses of AI features that count as such.' }),
  }),
  range: rangeSchema,
});

const overview = defineRoute({
  method: 'GET',
  path: '/metrics',
  access: { least: 'admin', scope: 'metrics' },
  tag: 'Metrics',
  summary: 'How hosts, AI and the product do, at a glance',
  description: 'Which events and AI features count as what stands in the settings.',
  query: z.strictObject(timeRangeSchema.shape),
  answers: { 200: { description: 'The numbers.', schema: answerSchema } },
  async handle(context, query) {
    const { deps, em, caller } = context;
    const db = dbOf(em);
    const range = await resolveRange(db, query, caller.timeZone, new Date());
    const subject = await metricSubject(context);
    const { model, isAvailable } = deps.health.aiModel();
    const wanted = { model: model === null, isAiAnswering: isAvailable === null };
    const { values, activeUsers24h, mostUsedModel, isAiAnswering } = await readUsageOverview(
      em,
      subject,
      range,
      wanted,
    );
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
