import { sql } from 'kysely';
import { content, httpStatus, id, json, label, milliseconds, status, time, usd } from '../wire.ts';
import { defineFact } from './define-fact.ts';
import { field, generated, joined } from './fields.ts';
import { given, mean, own, statusCounts, sum } from './rollup.ts';

/** One tool call of an execution, which tells agent, user and session. */
export const toolUsages = defineFact({
  kind: 'tool_usages',
  recordType: 'tool_usage',
  noun: 'tool usage',
  idColumn: 'usage_id',
  timeColumn: 'started_at',
  belongsTo: 'executions',
  fields: {
    ended_at: field(time().optional(), 'timestamptz', { patchable: true }),
    duration_ms: generated('numeric', { measure: mean() }),
    tool_name: field(label().optional(), 'text', { requiredAtFirst: true, reportAfter: 'status' }),
    execution_id: field(id().optional(), 'text', { requiredAtFirst: true, reportAfter: 'tool_name' }),
    status: field(status().optional(), 'text', { requiredAtFirst: true, patchable: true, closed: true }),
    agent_id: joined('execution', 'agent_id', 'text'),
    user_id: joined('execution', 'user_id', 'text'),
    session_id: joined('execution', 'session_id', 'text'),
    input_data: field(json().optional(), 'jsonb', {
      patchable: true,
      privacy: 'query-data',
      reportAfter: 'error_message',
    }),
    output_data: field(json().optional(), 'jsonb', {
      patchable: true,
      privacy: 'response-data',
      reportAfter: 'input_data',
    }),
    error_message: field(content().optional(), 'text', { patchable: true, privacy: 'text', reportAfter: 'cost_usd' }),
    external_api_called: field(label(1024).optional(), 'text', { patchable: true, measure: given('external_calls') }),
    api_response_time_ms: field(milliseconds().optional(), 'numeric', { patchable: true, measure: mean() }),
    api_status_code: field(httpStatus().optional(), 'integer', { patchable: true }),
    cost_usd: field(usd().optional(), 'numeric', { patchable: true, measure: sum() }),
  },
  rollup: {
    dimensions: {
      tool_name: own('tool_name'),
      external_api: own('external_api_called'),
      agent_id: { value: sql`execution.agent_id`, source: 'executions' },
    },
    measures: statusCounts(),
    sketches: { duration_ms: sql`t.duration_ms` },
  },
  example: {
    usage_id: 'tool-call-1',
    tool_name: 'find_order',
    execution_id: 'run-1',
    status: 'in_progress',
    input_data: { order: 4711 },
  },
  changeExample: { status: 'success', output_data: { arrives: 'tomorrow' }, api_status_code: 200 },
});
