import type { Metric } from '../definition.ts';
import { metricsOf, outcomes, quantiles } from './build.ts';

const workflows = metricsOf('agent_workflows');

export const agentWorkflowMetrics: readonly Metric[] = [
  ...outcomes('agent_workflows', 'Workflows of agents', { count: ['workflow_count'] }),
  {
    name: 'agent_workflows.avg_agent_count',
    aliases: ['avg_agent_count'],
    description: 'Mean number of agents that a workflow involves.',
    unit: 'count',
    formula: { kind: 'ratio', fact: 'agent_workflows', numerator: 'agents_sum', denominators: ['count'], scale: 1 },
  },
  workflows.sum('tool_calls', 'tool_calls_sum', { description: 'Tool calls of workflows, as they say.' }),
  workflows.sum('api_calls', 'api_calls_sum', { description: 'Calls of APIs by workflows, as they say.' }),
  workflows.sum('tokens', 'tokens_sum', { unit: 'tokens', description: 'Tokens of workflows, as they say.' }),
  workflows.mean('avg_tokens', 'tokens', {
    unit: 'tokens',
    description: 'Mean tokens of workflows that say how many.',
  }),
  workflows.mean('avg_satisfaction', 'satisfaction', {
    aliases: ['avg_satisfaction'],
    unit: 'score',
    description: 'Mean satisfaction of users, as scored.',
  }),
  workflows.mean('avg_completion_rate', 'completion', {
    aliases: ['avg_completion_rate'],
    unit: 'percent',
    description: 'Mean share of the task that was completed, as scored.',
  }),
];

const sessions = metricsOf('sessions');

export const sessionMetrics: readonly Metric[] = [
  sessions.sum('count', 'count', { aliases: ['session_count', 'total_sessions'], description: 'Sessions that began.' }),
  sessions.sum('ended_count', 'ended_count', { description: 'Sessions that ended.' }),
  sessions.sum('duration_ms', 'duration_ms_sum', {
    unit: 'ms',
    description: 'Time of sessions that ended, all together.',
  }),
  sessions.mean('avg_duration_ms', 'duration_ms', { unit: 'ms', description: 'Mean length of sessions that ended.' }),
  {
    name: 'sessions.avg_events',
    aliases: ['avg_events_per_session'],
    description: 'Events that belong to a session, by the sessions that began.',
    unit: 'count',
    formula: { kind: 'quotient', of: 'events.in_sessions', per: 'sessions.count' },
  },
  {
    name: 'sessions.avg_executions',
    aliases: ['avg_queries'],
    description: 'Executions that belong to a session, by the sessions that began.',
    unit: 'count',
    formula: { kind: 'quotient', of: 'executions.in_sessions', per: 'sessions.count' },
  },
];

const calls = metricsOf('api_calls');

export const apiCallMetrics: readonly Metric[] = [
  calls.sum('count', 'count', {
    aliases: ['api_call_count', 'total_calls'],
    description: 'API calls that clients report.',
  }),
  calls.sum('success_count', 'success_count', {
    aliases: ['successful_calls'],
    description: 'API calls answered below 400.',
  }),
  calls.sum('failure_count', 'failure_count', {
    aliases: ['failed_calls'],
    description: 'API calls answered with 400 or above.',
  }),
  calls.sum('rate_limited_count', 'rate_limited_count', {
    aliases: ['rate_limited_calls'],
    description: 'API calls answered with 429.',
  }),
  calls.sum('server_error_count', 'server_error_count', { description: 'API calls answered with 500 or above.' }),
  calls.percent('error_rate', 'failure_count', ['count'], {
    description: 'Of the API calls, how many were answered with 400 or above.',
  }),
  calls.mean('avg_duration_ms', 'duration_ms', { unit: 'ms', description: 'Mean time to answer an API call.' }),
  ...quantiles(calls.quantile, 'duration', 'duration_ms'),
];

const errors = metricsOf('errors');

export const errorMetrics: readonly Metric[] = [
  errors.sum('count', 'count', { aliases: ['error_count', 'total_errors'], description: 'Errors that were logged.' }),
];
