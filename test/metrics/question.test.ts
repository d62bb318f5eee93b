import { Decimal } from 'decimal.js';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { withLiterals } from '../../shared/db/literals.ts';
import type { Orm } from '../../shared/db/orm.ts';
import { inSnapshot } from '../../shared/db/transaction.ts';
import { DEFAULT_USAGE_COUNTERS } from '../../shared/domain/usage-counters.ts';
import { TidemarkError } from '../../shared/errors.ts';
import { answerIn, ask } from '../../shared/metrics/ask.ts';
import { isNarrowable, narrowToUser } from '../../shared/metrics/narrow.ts';
import { QUESTION_LANGUAGE, type Question, questionSchema } from '../../shared/metrics/question.ts';
import { relation } from '../../shared/metrics/relation.ts';
import { moneyOf, numberOf } from '../../shared/metrics/value.ts';
import { useTestOrm } from '../database.ts';
import { newOrganisation, refreshAll, store } from '../rollups/facts.ts';

let orm: Orm;
useTestOrm(4, (opened) => {
  orm = opened;
});

const range = {
  startInclusive: new Date('2026-03-01T00:00:00Z'),
  endExclusive: new Date('2026-03-04T00:00:00Z'),
  timeZone: 'UTC',
};

async function organisationWith(records: readonly Record<string, unknown>[]) {
  const orgId = await newOrganisation(orm);
  await store(orm, orgId, records);
  return { orgId, counters: DEFAULT_USAGE_COUNTERS };
}

function usage(day: number, model: string | undefined, more: object = {}) {
  return {
    type: 'ai_usage',
    feature: 'chat',
    success: true,
    latency_ms: 5,
    model,
    occurred_at: `2026-03-0${day}T10:00:00Z`,
    ...more,
  };
}

it('keeps monetary amounts exact, before and after a refresh', async () => {
  const costs = [0.1, 0.2, 0.3, 1e-9, 123_456_789.123456];
  const subject = await organisationWith(costs.map((cost_usd) => usage(1, 'x', { cost_usd })));
  const exact = costs.reduce((sum, cost) => sum.plus(cost), new Decimal(0)).toFixed();
  for (const refreshed of [false, true]) {
    if (refreshed) await refreshAll(orm, subject.orgId);
    const [row] = await ask(orm.em.fork(), subject, { metrics: ['total_cost', 'ai_usage.cost', 'ai_requests'] }, range);
    const values = row?.values ?? {};
    expect(moneyOf(values, 'total_cost').toFixed()).toBe(exact);
    expect(moneyOf(values, 'ai_usage.cost').toFixed()).toBe(exact);
    expect(numberOf(values, 'ai_requests')).toBe(costs.length);
    expect(() => numberOf(values, 'total_cost')).toThrow('exact amount of money');
    expect(() => moneyOf(values, 'ai_requests')).toThrow('not an amount of money');
  }
});

it('orders by bucket and dimension, nulls included, and compares with the previous range', async () => {
  const subject = await organisationWith([
    usage(2, 'b'),
    usage(2, 'a'),
    usage(3, 'b'),
    usage(3, undefined),
    { ...usage(1, 'a'), occurred_at: '2026-02-27T10:00:00Z' },
  ]);
  const asked = (question: Omit<Question, 'metrics'>) =>
    ask(orm.em.fork(), subject, { metrics: ['ai_requests'], ...question }, range);
  const days = await asked({
    group_by: ['model'],
    granularity: 'day',
    order: [
      { by: 'bucket', direction: 'desc' },
      { by: 'model', direction: 'desc' },
    ],
  });
  expect(days.map(({ bucket, group }) => [bucket?.getUTCDate(), group.model])).toEqual([
    [3, 'b'],
    [3, null],
    [2, 'b'],
    [2, 'a'],
  ]);
  const compared = await asked({ group_by: ['model'], compare_to_previous: true });
  expect(
    compared.map(({ group, values, previous }) => [group.model, values.ai_requests, previous?.ai_requests]),
  ).toEqual([
    ['a', 1, 1],
    ['b', 2, 0],
    [null, 1, 0],
  ]);
});

it('streams the rows of the answer from a query without parameters', async () => {
  const subject = await organisationWith([
    usage(1, "it's", { user_id: 'u', cost_usd: 0.5 }),
    usage(2, 'back\\slash', { user_id: 'v' }),
  ]);
  const question: Question = {
    metrics: ['ai_requests', 'ai_usage.cost', 'ai_usage.p95_latency_ms'],
    group_by: ['model'],
    granularity: 'day',
    filters: [{ dimension: 'model', operator: 'in', value: ["it's", 'back\\slash'] }],
    having: [{ metric: 'ai_requests', operator: 'greater_than', value: 0 }],
    fill: true,
    limit: 10,
  };
  await inSnapshot(orm.em.fork(), async (db) => {
    const answer = await answerIn(db, subject, question, range);
    const { columns, rows } = await relation(db, subject, question, range);
    const literal = withLiterals(rows);
    expect(literal.compile(db).parameters).toEqual([]);
    const streamed = await sql<Record<string, unknown>>`${literal}`.execute(db);
    expect(answer.rows).toHaveLength(2);
    expect(streamed.rows.map((row) => row.model)).toEqual(answer.rows.map(({ group }) => group.model));
    expect(columns.map(({ name, kind, type, unit }) => [name, kind, type, unit])).toEqual([
      ['bucket', 'bucket', 'timestamptz', null],
      ['model', 'dimension', 'text', null],
      ['ai_requests', 'metric', 'numeric', 'count'],
      ['ai_usage.cost', 'metric', 'numeric', 'usd'],
      ['ai_usage.p95_latency_ms', 'metric', 'float8', 'ms'],
    ]);
  });
});

it('narrows a question to one user despite its filters, and rejects metrics that cannot be narrowed', async () => {
  const subject = await organisationWith([usage(1, 'x', { user_id: 'me' }), usage(1, 'x', { user_id: 'you' })]);
  const question = narrowToUser(
    { metrics: ['ai_requests'], filters: [{ dimension: 'user', operator: 'in', value: ['me', 'you'] }] },
    'me',
  );
  const [row] = await ask(orm.em.fork(), subject, question, range);
  expect(row?.values).toEqual({ ai_requests: 1 });
  expect(isNarrowable('users.total')).toBe(false);
  expect(() => narrowToUser({ metrics: ['ai_requests', 'users.total'] }, 'me')).toThrow(TidemarkError);
});

it('parses stored questions, and rejects those outside the limits', () => {
  const stored = {
    metrics: ['ai_requests'],
    filters: [{ dimension: 'model', operator: 'not_in', value: ['x', null] }],
    period: '24h',
    order: [{ by: 'ai_requests' }],
  };
  expect(questionSchema.parse(stored)).toEqual({ ...stored, order: [{ by: 'ai_requests', direction: 'asc' }] });
  for (const wrong of [
    { metrics: [] },
    { metrics: Array.from({ length: QUESTION_LANGUAGE.limits.metrics + 1 }, (_, n) => `m${n}`) },
    { filters: [{ dimension: 'model', operator: 'like', value: 'x' }] },
    { filters: [{ dimension: 'model', operator: 'in', value: [] }] },
    { filters: [{ dimension: 'model', operator: 'equal', value: 'a\0' }] },
    { having: [{ metric: 'ai_requests', operator: 'not_equal', value: 1 }] },
    { limit: QUESTION_LANGUAGE.limits.limit + 1 },
    { colour: 'red' },
  ]) {
    expect(questionSchema.safeParse({ ...stored, ...wrong }).success, JSON.stringify(wrong)).toBe(false);
  }
  const unknown = questionSchema.safeParse({ ...stored, filters: [{ dimension: 'model', operator: 'like' }] });
  expect(unknown.error?.issues[0]?.message).toContain('starts_with');
});

it('orders groups bytewise, independent of the locale of the database', async () => {
  const subject = await organisationWith(['b', 'B', 'a', 'Z'].map((model) => usage(1, model)));
  const rows = await ask(orm.em.fork(), subject, { metrics: ['ai_requests'], group_by: ['model'] }, range);
  expect(rows.map(({ group }) => group.model)).toEqual(['B', 'Z', 'a', 'b']);
});
