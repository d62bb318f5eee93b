import { sql } from 'kysely';
import { z } from 'zod';
import { priceUsage } from '../domain/pricing.ts';
import { splitTokens } from '../domain/tokens.ts';
import { id, label, MOMENT_ALIASES, milliseconds, time, tokens, usd } from '../wire.ts';
import { defineFact } from './definition.ts';
import { countGiven, countOf, meanOf, own, sumOf } from './rollup.ts';

/** One call of a model, with the tokens as the house counts them and what it cost. */
export const aiUsage = defineFact({
  kind: 'ai_usage',
  recordType: 'ai_usage',
  noun: 'AI usage',
  idColumn: 'usage_id',
  timeColumn: 'occurred_at',
  aliases: MOMENT_ALIASES,
  patchable: [],
  requiredAtFirst: [],
  wire: z
    .strictObject({
      usage_id: id().optional(),
      occurred_at: time().optional(),
      feature: label(),
      success: z.boolean(),
      response_time: z.number().min(0).max(1e9).optional(),
      latency_ms: milliseconds().optional(),
      cache_hit: z.boolean().optional(),
      model: label().optional(),
      provider: label().optional(),
      input_tokens: tokens().optional(),
      output_tokens: tokens().optional(),
      cached_input_tokens: tokens().optional(),
      cache_write_tokens: tokens().optional(),
      reasoning_tokens: tokens().optional(),
      cost_usd: usd().optional(),
      error_type: label().optional(),
      user_id: id().optional(),
      agent_id: id().optional(),
      execution_id: id().optional(),
      session_id: id().optional(),
    })
    .superRefine((wire, context) => {
      const fault = (field: string, message: string) => context.addIssue({ code: 'custom', path: [field], message });
      if ((wire.response_time === undefined) === (wire.latency_ms === undefined)) {
        fault('latency_ms', 'give either latency_ms or response_time (seconds)');
      }
      const cached = (wire.cached_input_tokens ?? 0) + (wire.cache_write_tokens ?? 0);
      if (cached > (wire.input_tokens ?? 0)) {
        fault('input_tokens', 'must include cached_input_tokens and cache_write_tokens');
      }
      if ((wire.reasoning_tokens ?? 0) > (wire.output_tokens ?? 0)) {
        fault('output_tokens', 'must include reasoning_tokens');
      }
    }),
  columns: {
    feature: { type: 'text' },
    success: { type: 'boolean' },
    latency_ms: { type: 'numeric' },
    cache_hit: { type: 'boolean' },
    model: { type: 'text' },
    provider: { type: 'text' },
    input_tokens: { type: 'bigint', generated: true },
    uncached_input_tokens: { type: 'bigint' },
    cached_input_tokens: { type: 'bigint' },
    cache_write_tokens: { type: 'bigint' },
    output_tokens: { type: 'bigint' },
    reasoning_tokens: { type: 'bigint' },
    total_tokens: { type: 'bigint', generated: true },
    cost_usd: { type: 'numeric' },
    cost_source: { type: 'text', follows: 'cost_usd', closed: true },
    error_type: { type: 'text' },
    user_id: { type: 'text' },
    agent_id: { type: 'text' },
    execution_id: { type: 'text' },
    session_id: { type: 'text' },
  },
  report: [
    'usage_id',
    'occurred_at',
    'feature',
    'success',
    'latency_ms',
    'cache_hit',
    'model',
    'provider',
    'input_tokens',
    'cached_input_tokens',
    'cache_write_tokens',
    'output_tokens',
    'reasoning_tokens',
    'total_tokens',
    'cost_usd',
    'cost_source',
    'error_type',
    'user_id',
    'agent_id',
    'execution_id',
    'session_id',
  ],
  rollup: {
    dimensions: {
      feature: own('feature'),
      model: own('model'),
      provider: own('provider'),
      agent_id: { value: sql`coalesce(t.agent_id, execution.agent_id)`, source: 'executions' },
    },
    tiers: [['feature'], ['model', 'provider']],
    measures: {
      count: countOf(),
      success_count: countOf(sql`t.success`),
      failure_count: countOf(sql`NOT t.success`),
      ...meanOf('latency_ms', 'latency_ms'),
      cache_hit_count: countOf(sql`t.cache_hit`),
      cache_known_count: countGiven('cache_hit'),
      input_tokens_sum: sumOf('input_tokens'),
      output_tokens_sum: sumOf('output_tokens'),
      cached_input_tokens_sum: sumOf('cached_input_tokens'),
      cache_write_tokens_sum: sumOf('cache_write_tokens'),
      reasoning_tokens_sum: sumOf('reasoning_tokens'),
      tokens_sum: sumOf('total_tokens'),
      cost_usd_sum: sumOf('cost_usd'),
      unpriced_count: countOf(sql`t.cost_source = 'unpriced'`),
    },
    sketches: { latency_ms: sql`t.latency_ms` },
    users: { feature: sql`t.feature` },
  },
  toRow: (wire, { privacy, receivedAt }) => {
    const split = splitTokens(wire);
    return {
      feature: wire.feature,
      success: wire.success,
      latency_ms: wire.latency_ms ?? (wire.response_time === undefined ? undefined : wire.response_time * 1000),
      cache_hit: wire.cache_hit,
      model: wire.model,
      provider: wire.provider,
      ...split,
      ...priceUsage({ ...wire, ...split, at: wire.occurred_at ?? receivedAt }),
      error_type: wire.error_type,
      user_id: privacy.userId(wire.user_id),
      agent_id: wire.agent_id,
      execution_id: wire.execution_id,
      session_id: wire.session_id,
    };
  },
});
