import { z } from 'zod';
import { resolveRange } from '../../../shared/calendar/resolve-range.ts';
import { dbOf } from '../../../shared/db/orm.ts';
import { timeRangeSchema } from '../../../shared/domain/time-range.ts';
import { ask } from '../../../shared/metrics/ask.ts';
import { countOf, moneyOf, numberOf } from '../../../shared/metrics/value.ts';
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
    const question = {
      metrics: Object.values(METRICS),
      group_by: ['feature'],
      order: [{ by: METRICS.requests, direction: 'desc' }],
    } as const;
    const rows = await ask(context.em, await metricSubject(context), question, range);
    const features = rows.map(({ group, values }) => ({
      feature: group.feature ?? '',
      requests: countOf(values, METRICS.requests),
      success_rate: numberOf(values, METRICS.success_rate),
      avg_response_time: secondsOf(numberOf(values, METRICS.latency_ms)),
      cache_hit_rate: numberOf(values, METRICS.cache_hit_rate),
      total_tokens: countOf(values, METRICS.total_tokens),
      total_cost: moneyOf(values, METRICS.total_cost).toNumber(),
    }));
    return { status: 200, body: { features, range: presentRange(range) } };
  },
});

function secondsOf(ms: number | null): number | null {
  return ms === null ? null : ms / 1000;
}

export const aiFeatureRoutes: readonly Route[] = [list];
