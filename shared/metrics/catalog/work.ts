import type { Metric } from '../definition.ts';
import { metricsOf, outcomes, quantiles } from './build.ts';

const workflows = metricsOf('agent_workflows');

export const agentWorkflowMetrics: readonly Metric[] = [
  ...outcomes('agent_workflows', 'Agent workflows', { count: ['workflow_count'] }),
  {
    name: 'agent_workflows.avg_agent_count',
    aliases: ['avg_agent_count'],
    description: 'Mean number of agents per workflow.',
    unit: 'count',
    formula: { kind: 'ratio', fact: 'agent_workflows', numerator: 'agents_sum', denominators: ['count'], scale: 1 },
  },
  workflows.sum('tool_calls', 'tool_calls_sum', {
    description: 'Tool calls of workflows, as reported by the workflows.',
  }),
  workflows.sum('api_calls', 'api_calls_sum', { description: 'API calls of workflows, as reported by the workflows.' }),
  workflows.sum('tokens', 'tokens_sum', {
    unit: 'tokens',
    description: 'Tokens of workflows, as reported by the workflows.',
  }),
  workflows.mean('avg_tokens', 'tokens', {
    unit: 'tokens',
    description: 'Mean tokens of workflows that report them.',
  }),
  workflows.mean('avg_satisfaction', 'satisfaction', {
    aliases: ['avg_satisfaction'],
    unit: 'score',
    description: 'Mean user satisfaction score.',
  }),
  workflows.mean('avg_completion_rate', 'completion', {
    aliases: ['avg_completion_rate'],
    unit: 'percent',
    description: 'Mean task completion score.',
  }),
];

const sessions = metricsOf('sessions');

export const sessionMetrics: readonly Metric[] = [
  sessions.sum('count', 'count', { aliases: ['session_count', 'total_sessions'], description: 'Sessions started.' }),
  sessions.sum('ended_count', 'ended_count', { description: 'Sessions ended.' }),
  sessions.sum('duration_ms', 'duration_ms_sum', {
    unit: 'ms',
    description: 'Total duration of ended sessions.',
  }),
  sessions.mean('avg_duration_ms', 'duration_ms', { unit: 'ms', description: 'Mean duration of ended sessions.' }),
  {
    name: 'sessions.avg_events',
    aliases: ['avg_events_per_session'],
    description: 'Events in sessions per started session.',
    unit: 'count',
    formula: { kind: 'quotient', of: 'events.in_sessions', per: 'sessions.count' },
  },
  {
    name: 'sessions.avg_executions',
    aliases: ['avg_queries'],
    description: 'Executions in sessions per started session.',
    unit: 'count',
    formula: { kind: 'quotient', of: 'executions.in_sessions', per: 'sessions.count' },
  },
];

const calls = metricsOf('api_calls');

export const apiCallMetrics: readonly Metric[] = [
  calls.sum('count', 'count', {
    aliases: ['api_call_count', 'total_calls'],
    description: 'API calls reported by clients.',
  }),
  calls.sum('success_count', 'success_count', {
    aliases: ['successful_calls'],
    description: 'API calls with a status below 400.',
  }),
  calls.sum('failure_count', 'failure_count', {
    aliases: ['failed_calls'],
    description: 'API calls with a status of 400 or above.',
  }),
  calls.sum('rate_limited_count', 'rate_limited_count', {
    aliases: ['rate_limited_calls'],
    description: 'API calls with status 429.',
  }),
  calls.sum('server_error_count', 'server_error_count', { description: 'API calls with a status of 500 or above.' }),
  calls.percent('error_rate', 'failure_count', ['count'], {
    description: 'Share of API calls with a status of 400 or above.',
  }),
  calls.mean('avg_duration_ms', 'duration_ms', { unit: 'ms', description: 'Mean duration of API calls.' }),
  ...quantiles(calls.quantile, 'duration', 'duration_ms'),
];

const errors = metricsOf('errors');

export const errorMetrics: readonly Metric[] = [
  errors.sum('count', 'count', { aliases: ['error_count', 'total_errors'], description: 'Logged errors.' }),
];
