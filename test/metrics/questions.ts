import fc from 'fast-check';
import type { MetricQuery } from '../../shared/metrics/query.ts';
import { expected } from './oracle.ts';

const hourMs = 3_600_000;
/** Beginnings of four days in which clocks change somewhere, or do not. */
export const beginnings = [
  '2026-03-07',
  '2026-03-28',
  '2026-04-03',
  '2026-10-02',
  '2026-10-24',
  '2026-10-31',
  '2026-06-10',
].map((day) => Date.parse(day));
const zones = [
  'UTC',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'America/New_York',
  'Europe/Zurich',
  'Australia/Lord_Howe',
  'Atlantic/Azores',
  'America/Havana',
];

/** Each dimension with the metrics that have it. */
const groupings: Readonly<Record<string, readonly string[]>> = {
  agent: [
    'execution_count',
    'success_rate',
    'p95_duration_ms',
    'total_cost',
    'tool_call_count',
    'ai_requests',
    'executions.users',
    'queries_per_hour',
    'cost_per_hour',
  ],
  tool: ['tool_call_count', 'tool_usages.cost'],
  feature: ['ai_requests', 'ai_success_rate', 'ai_usage.p95_latency_ms'],
  model: ['ai_requests', 'cache_hit_rate', 'cost_per_request'],
  event_name: ['event_count', 'events.users'],
  user: [
    'execution_count',
    'total_tokens',
    'executions.users',
    'event_count',
    'login_count',
    'page_views',
    'session_count',
    'sessions.duration_ms',
    'avg_queries',
    'avg_events_per_session',
    'executions_per_minute',
  ],
  hour_of_day: ['event_count', 'execution_count', 'total_cost', 'p95_duration_ms', 'active_users'],
  weekday: ['event_count', 'page_views', 'total_cost', 'p95_duration_ms', 'active_users'],
  status: ['execution_count', 'avg_duration_ms', 'queries_per_hour'],
};

/** Questions about the days after a moment. */
export function questions(fromMs: number, days: number) {
  return fc
    .record({
      groupBy: fc.option(fc.constantFrom(...Object.keys(groupings)), { nil: undefined, freq: 1 }),
      users: fc.option(fc.subarray<string | null>(['user-1', 'user-2', null], { minLength: 1 }), { nil: undefined }),
      filter: fc.option(fc.subarray<string | null>(['agent-a', 'agent-b', null], { minLength: 1 }), { nil: undefined }),
      chosen: fc.nat(),
      start: fc.integer({ min: -6 * hourMs, max: days * 24 * hourMs }),
      length: fc.oneof(fc.integer({ min: 1, max: 6 * hourMs }), fc.integer({ min: 1, max: (days + 1) * 24 * hourMs })),
      aligned: fc.boolean(),
      timeZone: fc.constantFrom(...zones),
      granularity: fc.option(fc.constantFrom('minute', 'hour', 'day', 'week', 'month'), { nil: undefined }),
    })
    .map(({ groupBy, users, filter, chosen, start, length, aligned, timeZone, granularity }): MetricQuery => {
      const rounded = (ms: number) => (aligned ? Math.round(ms / 900_000) * 900_000 : ms);
      const names = groupBy === undefined ? Object.keys(expected) : (groupings[groupBy] ?? []);
      const first = names[chosen % names.length] ?? 'execution_count';
      const second = names[(chosen * 7 + 3) % names.length] ?? 'execution_count';
      const byAgent = [first, second].every((name) => groupings.agent?.includes(name));
      const byUser = [first, second].every((name) => groupings.user?.includes(name));
      const filters = { ...(filter && byAgent ? { agent: filter } : {}), ...(users && byUser ? { user: users } : {}) };
      const startMs = fromMs + rounded(start);
      return {
        metrics: [...new Set([first, second])],
        ...(groupBy === undefined ? {} : { groupBy: [groupBy] }),
        filters,
        range: {
          startInclusive: new Date(startMs),
          endExclusive: new Date(startMs + Math.max(rounded(length), 1)),
          timeZone,
        },
        ...(granularity === undefined ? {} : { granularity }),
      };
    });
}
