import { describe, expect, it } from 'vitest';
import { evaluate } from './evaluate.ts';
import { metricNamed } from './made-of.ts';

/** A metric of numbers by the names of what it is made of in the end. */
function numberOf(name: string, numbers: Record<string, number>, elapsedMs: number | null = null) {
  return evaluate(metricNamed(name), { number: (metric) => numbers[metric.name], array: () => undefined, elapsedMs });
}

describe('a metric by another', () => {
  it('is null where there is nothing to divide by', () => {
    expect(numberOf('avg_queries', { 'executions.in_sessions': 3, 'sessions.count': 2 })).toBe(1.5);
    expect(numberOf('avg_queries', { 'sessions.count': 2 })).toBe(0);
    expect(numberOf('avg_queries', { 'executions.in_sessions': 3 })).toBeNull();
  });

  it('may be of what is itself made of others', () => {
    expect(numberOf('returning_user_rate', { 'users.active': 8, 'users.new': 2 })).toBe(75);
    expect(numberOf('returning_user_rate', { 'users.active': 2, 'users.new': 2 })).toBe(0);
    expect(numberOf('returning_user_rate', {})).toBeNull();
  });
});

describe('a metric by time', () => {
  it('is 0 of nothing, and null where no time has passed', () => {
    expect(numberOf('queries_per_hour', { 'executions.count': 6 }, 3 * 3_600_000)).toBe(2);
    expect(numberOf('executions_per_minute', { 'executions.count': 6 }, 30_000)).toBe(12);
    expect(numberOf('cost_per_hour', { 'ai_usage.cost': 1, 'tool_usages.cost': 2 }, 1_800_000)).toBe(6);
    expect(numberOf('queries_per_hour', {}, 3_600_000)).toBe(0);
    expect(numberOf('queries_per_hour', { 'executions.count': 6 }, null)).toBeNull();
  });
});
