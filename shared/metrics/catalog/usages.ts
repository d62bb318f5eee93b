import type { Metric } from '../definition.ts';
import { metricsOf, outcomes, quantiles } from './build.ts';

const tools = metricsOf('tool_usages');

export const toolUsageMetrics: readonly Metric[] = [
  ...outcomes('tool_usages', 'Tool calls', { count: ['tool_call_count', 'call_count'] }),
  tools.mean('avg_api_response_time_ms', 'api_response_time_ms', {
    unit: 'ms',
    description: 'Mean response time of external APIs called by tools.',
  }),
  tools.sum('external_calls', 'external_calls_count', { description: 'Tool calls that called an external API.' }),
  tools.sum('cost', 'cost_usd_sum', { aliases: ['tool_costs'], unit: 'usd', description: 'Cost of tool calls.' }),
];

const ai = metricsOf('ai_usage');
const answered = ['success_count', 'failure_count'];

export const aiUsageMetrics: readonly Metric[] = [
  ai.sum('requests', 'count', { aliases: ['ai_requests', 'total_requests'], description: 'Requests to AI models.' }),
  ai.sum('success_count', 'success_count', { description: 'Requests to AI models that succeeded.' }),
  ai.sum('failure_count', 'failure_count', { description: 'Requests to AI models that failed.' }),
  ai.percent('success_rate', 'success_count', answered, {
    aliases: ['ai_success_rate'],
    description: 'Share of requests to AI models that succeeded.',
  }),
  ai.percent('error_rate', 'failure_count', answered, {
    aliases: ['ai_error_rate'],
    description: 'Share of requests to AI models that failed.',
  }),
  ai.mean('avg_latency_ms', 'latency_ms', {
    aliases: ['ai_response_time_ms'],
    unit: 'ms',
    description: 'Mean latency of requests to AI models.',
  }),
  ...quantiles(ai.quantile, 'latency', 'latency_ms'),
  ai.percent('cache_hit_rate', 'cache_hit_count', ['cache_known_count'], {
    aliases: ['cache_hit_rate'],
    description: 'Share of requests answered from a cache, of those that report it.',
  }),
  ai.sum('tokens', 'tokens_sum', {
    aliases: ['ai_tokens'],
    unit: 'tokens',
    description: 'Input and output tokens of AI models.',
  }),
  ai.sum('input_tokens', 'input_tokens_sum', {
    aliases: ['input_tokens'],
    unit: 'tokens',
    description: 'Input tokens of AI models, including cached ones.',
  }),
  ai.sum('output_tokens', 'output_tokens_sum', {
    aliases: ['output_tokens'],
    unit: 'tokens',
    description: 'Output tokens of AI models.',
  }),
  ai.sum('cached_input_tokens', 'cached_input_tokens_sum', {
    unit: 'tokens',
    description: 'Input tokens read from a cache.',
  }),
  ai.sum('cache_write_tokens', 'cache_write_tokens_sum', {
    unit: 'tokens',
    description: 'Input tokens written to a cache.',
  }),
  ai.sum('reasoning_tokens', 'reasoning_tokens_sum', {
    unit: 'tokens',
    description: 'Output tokens used for reasoning.',
  }),
  ai.sum('cost', 'cost_usd_sum', {
    aliases: ['model_costs'],
    unit: 'usd',
    description: 'Cost of AI models, reported by the client or computed from published prices.',
  }),
  {
    name: 'ai_usage.cost_per_request',
    aliases: ['cost_per_request'],
    description: 'Cost of AI models per request, including requests without a known price.',
    unit: 'usd',
    formula: { kind: 'ratio', fact: 'ai_usage', numerator: 'cost_usd_sum', denominators: ['count'], scale: 1 },
  },
  ai.sum(
    'grammar_checks',
    'count',
    { description: 'Uses of AI features that check grammar. The organisation settings list these features.' },
    'grammar_check_features',
  ),
  ai.sum('unpriced_requests', 'unpriced_count', { description: 'Requests to AI models without a known price.' }),
];

export const costMetrics: readonly Metric[] = [
  {
    name: 'costs.total',
    aliases: ['total_cost', 'cost', 'costs'],
    description: 'Cost of AI models and tool calls.',
    unit: 'usd',
    formula: { kind: 'total', of: ['ai_usage.cost', 'tool_usages.cost'] },
  },
  {
    name: 'costs.per_hour',
    aliases: ['cost_per_hour'],
    description: 'Cost of AI models and tool calls per elapsed hour.',
    unit: 'usd_per_hour',
    formula: { kind: 'rate', of: 'costs.total', per: 'hour' },
  },
];
