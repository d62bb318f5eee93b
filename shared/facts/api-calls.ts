import { sql } from 'kysely';
import { httpStatus, id, label, milliseconds } from '../wire.ts';
import { defineFact } from './define-fact.ts';
import { field } from './fields.ts';
import { countOf, mean, own } from './rollup.ts';

/** One HTTP request served by a client's platform. */
export const apiCalls = defineFact({
  kind: 'api_calls',
  recordType: 'api_call',
  noun: 'API call',
  idColumn: 'call_id',
  timeColumn: 'occurred_at',
  purgeOrder: 6,
  fields: {
    method: field(label(16).toUpperCase(), 'text'),
    path: field(label(2048), 'text'),
    status_code: field(httpStatus(), 'integer'),
    duration_ms: field(milliseconds(), 'numeric', { measure: mean() }),
    user_id: field(id().optional(), 'text', { privacy: 'user' }),
    agent_id: field(id().optional(), 'text'),
  },
  rollup: {
    dimensions: { method: own('method'), path: own('path'), agent_id: own('agent_id') },
    measures: {
      count: countOf(),
      success_count: countOf(sql`t.status_code < 400`),
      failure_count: countOf(sql`t.status_code >= 400`),
      rate_limited_count: countOf(sql`t.status_code = 429`),
      server_error_count: countOf(sql`t.status_code >= 500`),
    },
    sketches: { duration_ms: sql`t.duration_ms` },
  },
  example: { method: 'GET', path: '/orders/4711', status_code: 200, duration_ms: 41.5, user_id: 'jane' },
});
