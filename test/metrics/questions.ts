import fc from 'fast-check';
import type { TimeRange } from '../../shared/domain/time-range.ts';
import type { Filter, Question } from '../../shared/metrics/question.ts';
import { expected } from './oracle.ts';

export interface Asked {
  question: Question;
  range: TimeRange;
}

const hourMs = 3_600_000;
/** Starts of four-day ranges, with and without DST changes. */
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

/** Each dimension with the metrics that support it. */
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

/** A filter with any operator. @param part a substring of one of the values, in any letter case */
function filter(dimension: string, values: readonly (string | null)[], part: string): fc.Arbitrary<Filter> {
  const value = fc.constantFrom(...values);
  const some = fc.subarray([...values], { minLength: 1 });
  return fc.oneof(
    some.map((chosen): Filter => ({ dimension, operator: 'in', value: chosen })),
    some.map((chosen): Filter => ({ dimension, operator: 'not_in', value: chosen })),
    value.map((chosen): Filter => ({ dimension, operator: 'equal', value: chosen })),
    value.map((chosen): Filter => ({ dimension, operator: 'not_equal', value: chosen })),
    fc.constantFrom<Filter>(
      { dimension, operator: 'is_null' },
      { dimension, operator: 'is_not_null' },
      { dimension, operator: 'contains', value: part },
      { dimension, operator: 'starts_with', value: `${dimension}-` },
    ),
  );
}

/** Questions about a number of days from a start. */
export function questions(fromMs: number, days: number) {
  return fc
    .record({
      groupBy: fc.option(fc.constantFrom(...Object.keys(groupings)), { nil: undefined, freq: 1 }),
      users: fc.option(filter('user', ['user-1', 'user-2', null], 'er-1'), { nil: undefined }),
      agents: fc.option(filter('agent', ['agent-a', 'agent-b', null], 'T-A'), { nil: undefined }),
      chosen: fc.nat(),
      start: fc.integer({ min: -6 * hourMs, max: days * 24 * hourMs }),
      length: fc.oneof(fc.integer({ min: 1, max: 6 * hourMs }), fc.integer({ min: 1, max: (days + 1) * 24 * hourMs })),
      aligned: fc.boolean(),
      timeZone: fc.constantFrom(...zones),
      granularity: fc.option(fc.constantFrom('minute', 'hour', 'day', 'week', 'month'), { nil: undefined }),
    })
    .map(({ groupBy, users, agents, chosen, start, length, aligned, timeZone, granularity }): Asked => {
      const rounded = (ms: number) => (aligned ? Math.round(ms / 900_000) * 900_000 : ms);
      const names = groupBy === undefined ? Object.keys(expected) : (groupings[groupBy] ?? []);
      const first = names[chosen % names.length] ?? 'execution_count';
      const second = names[(chosen * 7 + 3) % names.length] ?? 'execution_count';
      const byAgent = [first, second].every((name) => groupings.agent?.includes(name));
      const byUser = [first, second].every((name) => groupings.user?.includes(name));
      const filters = [...(agents && byAgent ? [agents] : []), ...(users && byUser ? [users] : [])];
      const startMs = fromMs + rounded(start);
      return {
        question: {
          metrics: [...new Set([first, second])],
          group_by: groupBy === undefined ? [] : [groupBy],
          filters,
          granularity,
        },
        range: {
          startInclusive: new Date(startMs),
          endExclusive: new Date(startMs + Math.max(rounded(length), 1)),
          timeZone,
        },
      };
    });
}
