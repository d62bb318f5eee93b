import type { Metric } from '../definition.ts';
import { metricsOf, outcomes, shortNames } from './build.ts';

const { sum, mean } = metricsOf('executions');

export const executionMetrics: readonly Metric[] = [
  ...outcomes('executions', 'Executions', {
    ...shortNames('success_rate', 'error_rate', 'p50_duration_ms', 'p99_duration_ms'),
    count: ['execution_count', 'total_executions', 'executions', 'total_queries', 'total_tasks'],
    success_count: ['success_count', 'successful_queries'],
    failure_count: ['failure_count', 'failed_queries'],
    avg_duration_ms: ['avg_duration_ms', 'avg_response_time_ms', 'average_response_time_ms'],
    p95_duration_ms: ['p95_duration_ms', 'p95_response_time_ms'],
  }),
  sum('tokens', 'tokens_sum', {
    aliases: ['total_tokens', 'tokens', 'total_tokens_used'],
    unit: 'tokens',
    description: 'Input and output tokens of executions.',
  }),
  sum('input_tokens', 'input_tokens_sum', { unit: 'tokens', description: 'Input tokens of executions.' }),
  sum('output_tokens', 'output_tokens_sum', { unit: 'tokens', description: 'Output tokens of executions.' }),
  mean('avg_tokens', 'tokens', {
    aliases: ['avg_tokens'],
    unit: 'tokens',
    description: 'Mean tokens of executions that report them.',
  }),
  mean('avg_steps', 'steps', {
    aliases: ['avg_steps'],
    unit: 'steps',
    description: 'Mean steps of executions that report them.',
  }),
  sum('retries', 'retries_sum', { aliases: ['retry_count'], description: 'Retries within executions.' }),
  sum('api_calls', 'api_calls_sum', { description: 'API calls within executions, as reported by the executions.' }),
  sum('in_sessions', 'in_session_count', { description: 'Executions that belong to a session.' }),
  {
    name: 'executions.per_hour',
    aliases: ['queries_per_hour'],
    description: 'Executions started per elapsed hour.',
    unit: 'per_hour',
    formula: { kind: 'rate', of: 'executions.count', per: 'hour' },
  },
  {
    name: 'executions.per_minute',
    aliases: ['executions_per_minute'],
    description: 'Executions started per elapsed minute.',
    unit: 'per_minute',
    formula: { kind: 'rate', of: 'executions.count', per: 'minute' },
  },
];
