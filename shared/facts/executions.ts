import { sql } from 'kysely';
import { z } from 'zod';
import { content, count, id, label, status, time, tokens } from '../wire.ts';
import { defineFact } from './define-fact.ts';
import { agentField, field, generated } from './fields.ts';
import { countOf, mean, own, statusCounts, sum } from './rollup.ts';

/** One run of an agent, from its start to its end. */
export const executions = defineFact({
  kind: 'executions',
  recordType: 'execution',
  noun: 'execution',
  idColumn: 'execution_id',
  timeColumn: 'started_at',
  purgeOrder: 2,
  fields: {
    ended_at: field(time().optional(), 'timestamptz', { patchable: true }),
    duration_ms: generated('numeric', { measure: mean() }),
    agent_id: field(id().optional(), 'text', { requiredAtFirst: true, stands: true }),
    agent_name: agentField(label().optional(), 'name', 'text'),
    agent_type: agentField(label().optional(), 'agent_type', 'text'),
    agent_tags: agentField(z.array(label()).max(64).optional(), 'tags', 'text[]'),
    task_name: field(label(1024).optional(), 'text'),
    query: field(content().optional(), 'text', { privacy: 'query', reportAfter: 'error_message' }),
    response: field(content().optional(), 'text', { patchable: true, privacy: 'response', reportAfter: 'query' }),
    session_id: field(id().optional(), 'text'),
    user_id: field(id().optional(), 'text', { privacy: 'user', reportAfter: 'task_name' }),
    correlation_id: field(id().optional(), 'text'),
    workflow_id: field(id().optional(), 'text', { reportAfter: 'session_id' }),
    status: field(status().optional(), 'text', { patchable: true, closed: true, reportAfter: 'duration_ms' }),
    error_type: field(label().optional(), 'text', { patchable: true, reportAfter: 'total_tokens' }),
    error_message: field(content().optional(), 'text', {
      patchable: true,
      privacy: 'text',
      reportAfter: 'error_type',
    }),
    steps: field(count().optional(), 'integer', { patchable: true, measure: mean() }),
    retry_count: field(count().optional(), 'integer', { patchable: true, measure: sum('retries') }),
    input_tokens: field(tokens().optional(), 'bigint', { patchable: true, measure: sum() }),
    output_tokens: field(tokens().optional(), 'bigint', { patchable: true, measure: sum() }),
    tokens_used: field(tokens().optional(), 'bigint', { patchable: true, unreported: true }),
    total_tokens: generated('bigint', { measure: mean('tokens') }),
    api_calls_count: field(count().optional(), 'integer', {
      patchable: true,
      measure: sum('api_calls'),
      reportAfter: 'retry_count',
    }),
  },
  rollup: {
    dimensions: { agent_id: own('agent_id'), error_type: own('error_type') },
    tiers: [[]],
    measures: { ...statusCounts(), in_session_count: countOf(sql`t.session_id IS NOT NULL`) },
    sketches: { duration_ms: sql`t.duration_ms` },
    users: {},
  },
  example: {
    execution_id: 'run-1',
    agent_id: 'support',
    agent_name: 'Support agent',
    agent_type: 'assistant',
    agent_tags: ['production'],
    task_name: 'answer a question',
    query: 'Where is my order?',
    user_id: 'jane',
    session_id: 'session-1',
  },
  changeExample: {
    status: 'success',
    response: 'It arrives tomorrow.',
    steps: 3,
    input_tokens: 1200,
    output_tokens: 300,
  },
});
