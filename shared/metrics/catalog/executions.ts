import type { Metric } from '../definition.ts';
import { metricsOf, outcomes, shortNames } from './build.ts';

const { sum, mean } = metricsOf('executions');

export const executionMetrics: readonly Metric[] = [
  ...outcomes('executions', 'Executions', {
    ...shortNames('success_count', 'failure_count', 'success_rate', 'error_rate'),
    ...shortNames('p50_duration_ms', 'p95_duration_ms', 'p99_duration_ms'),
    count: ['execution_count', 'total_executions', 'executions'],
    avg_duration_ms: ['avg_duration_ms', 'avg_response_time_ms'],
  }),
  sum('tokens', 'tokens_sum', {
    aliases: ['total_tokens', 'tokens'],
    unit: 'tokens',
    description: 'Tokens of executions, in and out.',
  }),
  sum('input_tokens', 'input_tokens_sum', { unit: 'tokens', description: 'Tokens that went into executions.' }),
  sum('output_tokens', 'output_tokens_sum', { unit: 'tokens', description: 'Tokens that executions gave out.' }),
  mean('avg_tokens', 'tokens', {
    aliases: ['avg_tokens'],
    unit: 'tokens',
    description: 'Mean tokens of executions that say how many.',
  }),
  mean('avg_steps', 'steps', {
    aliases: ['avg_steps'],
    unit: 'steps',
    description: 'Mean steps of executions that say how many.',
  }),
  sum('retries', 'retries_sum', { description: 'Retries within executions.' }),
  sum('api_calls', 'api_calls_sum', { description: 'Calls of APIs within executions, as they say.' }),
  sum('in_sessions', 'in_session_count', { description: 'Executions that belong to a session.' }),
];
