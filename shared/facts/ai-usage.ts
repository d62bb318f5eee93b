import { sql } from 'kysely';
import { z } from 'zod';
import { priceUsage } from '../domain/pricing.ts';
import { splitTokens } from '../domain/tokens.ts';
import { id, label, milliseconds, tokens, usd } from '../wire.ts';
import { defineFact } from './define-fact.ts';
import { derived, field, generated, sent, sentAndGenerated } from './fields.ts';
import { countOf, given, mean, own, sum } from './rollup.ts';

/** One model call, with its tokens in disjoint parts and its cost. */
export const aiUsage = defineFact({
  kind: 'ai_usage',
  recordType: 'ai_usage',
  noun: 'AI usage',
  idColumn: 'usage_id',
  timeColumn: 'occurred_at',
  purgeOrder: 3,
  fields: {
    feature: field(label(), 'text'),
    success: field(z.boolean(), 'boolean'),
    // Seconds; the older form of `latency_ms`.
    response_time: sent(z.number().min(0).max(1e9).optional()),
    latency_ms: field(milliseconds().optional(), 'numeric', { measure: mean() }),
    cache_hit: field(z.boolean().optional(), 'boolean', { measure: given('cache_known') }),
    model: field(label().optional(), 'text'),
    provider: field(label().optional(), 'text'),
    input_tokens: sentAndGenerated(tokens().optional(), 'bigint', { measure: sum() }),
    uncached_input_tokens: derived('bigint', { unreported: true }),
    cached_input_tokens: field(tokens().optional(), 'bigint', { measure: sum() }),
    cache_write_tokens: field(tokens().optional(), 'bigint', { measure: sum() }),
    output_tokens: field(tokens().optional(), 'bigint', { measure: sum() }),
    reasoning_tokens: field(tokens().optional(), 'bigint', { measure: sum() }),
    total_tokens: generated('bigint', { measure: sum('tokens') }),
    cost_usd: field(usd().optional(), 'numeric', { measure: sum() }),
    cost_source: derived('text', { follows: 'cost_usd', closed: true }),
    error_type: field(label().optional(), 'text'),
    user_id: field(id().optional(), 'text', { privacy: 'user' }),
    agent_id: field(id().optional(), 'text'),
    execution_id: field(id().optional(), 'text'),
    session_id: field(id().optional(), 'text'),
  },
  check(wire, fault) {
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
  },
  derive(wire, at) {
    const split = splitTokens(wire);
    const cost = priceUsage({ ...wire, ...split, at });
    const latency_ms = wire.latency_ms ?? (wire.response_time === undefined ? undefined : wire.response_time * 1000);
    return { latency_ms, ...split, ...cost };
  },
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
      cache_hit_count: countOf(sql`t.cache_hit`),
      unpriced_count: countOf(sql`t.cost_source = 'unpriced'`),
    },
    sketches: { latency_ms: sql`t.latency_ms` },
    users: { feature: sql`t.feature` },
  },
  example: {
    feature: 'answer',
    success: true,
    latency_ms: 850,
    model: 'gpt-4o',
    provider: 'openai',
    input_tokens: 1200,
    cached_input_tokens: 400,
    output_tokens: 300,
    execution_id: 'run-1',
    user_id: 'jane',
  },
});
