import { sql } from 'kysely';
import { z } from 'zod';
import { count, id, label, status, time, tokens } from '../wire.ts';
import { defineFact } from './define-fact.ts';
import { field, generated } from './fields.ts';
import { mean, own, statusCounts, sum } from './rollup.ts';

/** One joint run of several agents. (A client's workflow, not a Temporal one.) */
export const agentWorkflows = defineFact({
  kind: 'agent_workflows',
  recordType: 'workflow',
  noun: 'workflow',
  idColumn: 'workflow_id',
  timeColumn: 'started_at',
  purgeOrder: 7,
  fields: {
    ended_at: field(time().optional(), 'timestamptz', { patchable: true }),
    duration_ms: generated('numeric', { measure: mean() }),
    workflow_type: field(label().optional(), 'text', { requiredAtFirst: true }),
    agents_involved: field(z.array(id()).max(256).optional(), 'text[]', { requiredAtFirst: true, patchable: true }),
    status: field(status().optional(), 'text', {
      requiredAtFirst: true,
      patchable: true,
      closed: true,
      reportAfter: 'duration_ms',
    }),
    total_tool_calls: field(count().optional(), 'integer', { patchable: true, measure: sum('tool_calls') }),
    total_api_calls: field(count().optional(), 'integer', { patchable: true, measure: sum('api_calls') }),
    total_tokens_used: field(tokens().optional(), 'bigint', { patchable: true, measure: mean('tokens') }),
    session_id: field(id().optional(), 'text', { reportAfter: 'user_id' }),
    user_id: field(id().optional(), 'text', { privacy: 'user', reportAfter: 'agents_involved' }),
    user_satisfaction_score: field(z.number().min(-1000).max(1000).optional(), 'numeric', {
      patchable: true,
      measure: mean('satisfaction'),
    }),
    task_completion_rate: field(z.number().min(0).max(100).optional(), 'numeric', {
      patchable: true,
      measure: mean('completion'),
    }),
  },
  rollup: {
    dimensions: { workflow_type: own('workflow_type') },
    measures: {
      ...statusCounts(),
      agents_sum: {
        type: 'bigint',
        aggregate: sql`coalesce(sum(cardinality(t.agents_involved)), 0)`,
        merge: 'sum',
      },
    },
    sketches: { duration_ms: sql`t.duration_ms` },
  },
  example: {
    workflow_id: 'handover-1',
    workflow_type: 'handover',
    agents_involved: ['support', 'billing'],
    status: 'in_progress',
    user_id: 'jane',
  },
  changeExample: { status: 'success', total_tool_calls: 4, user_satisfaction_score: 4.5 },
});
