import { sql } from 'kysely';
import { z } from 'zod';
import { content, id, label, SPAN_ALIASES, time } from '../wire.ts';
import { defineFact } from './definition.ts';
import { countGiven, countOf, meanOf } from './rollup.ts';

/** A stretch of one user's time with the agents; its counts are derived from its executions. */
export const sessions = defineFact({
  kind: 'sessions',
  recordType: 'session',
  noun: 'session',
  idColumn: 'session_id',
  timeColumn: 'started_at',
  aliases: SPAN_ALIASES,
  patchable: ['user_id', 'user_agent', 'ip_address', 'ended_at', 'end_time'],
  requiredAtFirst: [],
  wire: z.strictObject({
    session_id: id(),
    started_at: time().optional(),
    ended_at: time().optional(),
    user_id: id().optional(),
    user_agent: content().optional(),
    ip_address: label().optional(),
  }),
  columns: {
    ended_at: { type: 'timestamptz' },
    duration_ms: { type: 'numeric', generated: true },
    user_id: { type: 'text' },
    user_agent: { type: 'text' },
    ip_address: { type: 'text' },
  },
  report: [
    'session_id',
    'started_at',
    'ended_at',
    'duration_ms',
    'user_id',
    { header: 'total_queries', from: 'session_counts', column: 'total_queries', type: 'bigint' },
    { header: 'successful_queries', from: 'session_counts', column: 'successful_queries', type: 'bigint' },
    { header: 'failed_queries', from: 'session_counts', column: 'failed_queries', type: 'bigint' },
    { header: 'total_tokens_used', from: 'session_counts', column: 'total_tokens_used', type: 'bigint' },
    'user_agent',
    'ip_address',
  ],
  rollup: {
    dimensions: {},
    measures: { count: countOf(), ended_count: countGiven('ended_at'), ...meanOf('duration_ms', 'duration_ms') },
    sketches: {},
    users: { amount: sql`t.duration_ms`, amountMeasure: 'duration_ms_sum' },
  },
  toRow: (wire, { privacy }) => ({
    ended_at: wire.ended_at,
    user_id: privacy.userId(wire.user_id),
    user_agent: privacy.origin(privacy.text(wire.user_agent)),
    ip_address: privacy.origin(wire.ip_address),
  }),
});
