import { sql } from 'kysely';
import { z } from 'zod';
import { httpStatus, id, label, MOMENT_ALIASES, milliseconds, time } from '../wire.ts';
import { defineFact } from './definition.ts';
import { countOf, meanOf, own } from './rollup.ts';

/** One request that a client's platform served. */
export const apiCalls = defineFact({
  kind: 'api_calls',
  recordType: 'api_call',
  noun: 'API call',
  idColumn: 'call_id',
  timeColumn: 'occurred_at',
  aliases: MOMENT_ALIASES,
  patchable: [],
  requiredAtFirst: [],
  wire: z.strictObject({
    call_id: id().optional(),
    occurred_at: time().optional(),
    method: label(16),
    path: label(2048),
    status_code: httpStatus(),
    duration_ms: milliseconds(),
    user_id: id().optional(),
    agent_id: id().optional(),
  }),
  columns: {
    method: { type: 'text' },
    path: { type: 'text' },
    status_code: { type: 'integer' },
    duration_ms: { type: 'numeric' },
    user_id: { type: 'text' },
    agent_id: { type: 'text' },
  },
  report: ['call_id', 'occurred_at', 'method', 'path', 'status_code', 'duration_ms', 'user_id', 'agent_id'],
  rollup: {
    dimensions: { method: own('method'), path: own('path'), agent_id: own('agent_id') },
    measures: {
      count: countOf(),
      success_count: countOf(sql`t.status_code < 400`),
      failure_count: countOf(sql`t.status_code >= 400`),
      rate_limited_count: countOf(sql`t.status_code = 429`),
      server_error_count: countOf(sql`t.status_code >= 500`),
      ...meanOf('duration_ms', 'duration_ms'),
    },
    sketches: { duration_ms: sql`t.duration_ms` },
  },
  toRow: (wire, { privacy }) => ({
    method: wire.method.toUpperCase(),
    path: wire.path,
    status_code: wire.status_code,
    duration_ms: wire.duration_ms,
    user_id: privacy.userId(wire.user_id),
    agent_id: wire.agent_id,
  }),
});
