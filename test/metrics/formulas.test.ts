import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { dbOf, type Orm } from '../../shared/db/orm.ts';
import { compileFormula } from '../../shared/metrics/compile/formulas.ts';
import { metricNamed } from '../../shared/metrics/made-of.ts';
import { useTestOrm } from '../database.ts';

let orm: Orm;
useTestOrm(2, (opened) => {
  orm = opened;
});

/** The value of a metric, given numbers for the columns that its formula is built from. */
async function numberOf(name: string, numbers: Record<string, number>, elapsedMs: number | null = null) {
  const value = compileFormula(metricNamed(name), {
    column: (column) => sql`${numbers[column] ?? null}::numeric`,
    elapsedMs: sql`${elapsedMs}::numeric`,
  });
  const { rows } = await sql<{ value: unknown }>`SELECT ${value} AS value`.execute(dbOf(orm.em.fork()));
  return rows[0]?.value === null ? null : Number(rows[0]?.value);
}

const inSessions = 'executions//in_session_count';
const sessions = 'sessions//count';
const [active, added] = ['users.active/users', 'users.new/users'];
const executions = 'executions//count';
const costs = { 'ai_usage//cost_usd_sum': 1, 'tool_usages//cost_usd_sum': 2 };

describe('a ratio of metrics', () => {
  it('is null for a zero or missing denominator', async () => {
    expect(await numberOf('avg_queries', { [inSessions]: 3, [sessions]: 2 })).toBe(1.5);
    expect(await numberOf('avg_queries', { [sessions]: 2 })).toBe(0);
    expect(await numberOf('avg_queries', { [inSessions]: 3 })).toBeNull();
  });

  it('may use derived metrics', async () => {
    expect(await numberOf('returning_user_rate', { [active]: 8, [added]: 2 })).toBe(75);
    expect(await numberOf('returning_user_rate', { [active]: 2, [added]: 2 })).toBe(0);
    expect(await numberOf('returning_user_rate', {})).toBeNull();
  });
});

describe('a rate', () => {
  it('is 0 without rows, and null where no time has elapsed', async () => {
    expect(await numberOf('queries_per_hour', { [executions]: 6 }, 3 * 3_600_000)).toBe(2);
    expect(await numberOf('executions_per_minute', { [executions]: 6 }, 30_000)).toBe(12);
    expect(await numberOf('cost_per_hour', costs, 1_800_000)).toBe(6);
    expect(await numberOf('queries_per_hour', {}, 3_600_000)).toBe(0);
    expect(await numberOf('queries_per_hour', { [executions]: 6 }, null)).toBeNull();
  });
});
