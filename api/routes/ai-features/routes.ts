import { z } from 'zod';
import { resolveRange } from '../../../shared/calendar/resolve-range.ts';
import { dbOf } from '../../../shared/db/orm.ts';
import { timeRangeSchema } from '../../../shared/domain/time-range.ts';
import { queryMetrics } from '../../../shared/metrics/ask.ts';
import { presentRange } from '../../http/time.ts';
import { defineRoute, type Route } from '../../route.ts';
import { metricSubject } from '../metric-subject.ts';
import { aiFeaturesSchema } from './schema.ts';

const METRICS = {
  requests: 'ai_usage.requests',
  success_rate: 'ai_usage.success_rate',
  latency_ms: 'ai_usage.avg_latency_ms',
  cache_hit_rate: 'ai_usage.cache_hit_rate',
  total_tokens: 'ai_usage.tokens',
  total_cost: 'ai_usage.cost',
} as const;

const list = defineRoute({
  method: 'GET',
  path: '/ai-features',
  access: { least: 'admin', scope: 'metrics' },
  tag: 'Usage',
  summary: 'List AI features with their usage and performance, the most used first',
  query: z.strictObject(timeRangeSchema.shape),
  answers: { 200: { description: 'The features with requests in the range.', schema: aiFeaturesSchema } },
  async handle(context, { query }) {
    const range = await resolveRange(dbOf(context.em), query, context.caller.timeZone, new Date());
    const rows = await queryMetrics(context.em, await metricSubject(context), {
      metrics: Object.values(METRICS),
      groupBy: ['feature'],
      order: { by: METRICS.requests, direction: 'desc' },
      range,
    });
    const features = rows.map(({ group, values }) => ({
      feature: group.feature ?? '',
      requests: values[METRICS.requests] ?? 0,
      success_rate: values[METRICS.success_rate] ?? null,
      avg_response_time: secondsOf(values[METRICS.latency_ms]),
      cache_hit_rate: values[METRICS.cache_hit_rate] ?? null,
      total_tokens: values[METRICS.total_tokens] ?? 0,
      total_cost: values[METRICS.total_cost] ?? 0,
    }));
    return { status: 200, body: { features, range: presentRange(range) } };
  },
});

function secondsOf(ms: number | null | undefined): number | null {
  return typeof ms === 'number' ? ms / 1000 : null;
}

export const aiFeatureRoutes: readonly Route[] = [list];
