import { sql } from 'kysely';
import { content, id, label, time } from '../wire.ts';
import { defineFact } from './define-fact.ts';
import { field, generated, joined } from './fields.ts';
import { countOf, given, mean } from './rollup.ts';

/** A span of one user's activity; its counts are derived from its executions. */
export const sessions = defineFact({
  kind: 'sessions',
  recordType: 'session',
  noun: 'session',
  idColumn: 'session_id',
  requiresId: true,
  timeColumn: 'started_at',
  purgeOrder: 4,
  fields: {
    ended_at: field(time().optional(), 'timestamptz', { patchable: true, measure: given('ended') }),
    duration_ms: generated('numeric', { measure: mean() }),
    user_id: field(id().optional(), 'text', { patchable: true, privacy: 'user' }),
    total_queries: joined('session_counts', 'total_queries', 'bigint'),
    successful_queries: joined('session_counts', 'successful_queries', 'bigint'),
    failed_queries: joined('session_counts', 'failed_queries', 'bigint'),
    total_tokens_used: joined('session_counts', 'total_tokens_used', 'bigint'),
    user_agent: field(content().optional(), 'text', { patchable: true, privacy: 'origin-text' }),
    ip_address: field(label().optional(), 'text', { patchable: true, privacy: 'origin' }),
  },
  rollup: {
    dimensions: {},
    measures: { count: countOf() },
    sketches: {},
    users: { amount: sql`t.duration_ms`, amountMeasure: 'duration_ms_sum' },
  },
  example: { session_id: 'session-1', user_id: 'jane', user_agent: 'Mozilla/5.0', ip_address: '203.0.113.7' },
  changeExample: { user_agent: 'Mozilla/5.0 (X11; Linux x86_64)' },
});
