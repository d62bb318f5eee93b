import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inTransaction } from '../../shared/db/transaction.ts';
import { refreshAll } from '../rollups/facts.ts';
import type { ApiClient } from '../service/api-client.ts';
import { startService, type TestService } from '../service/service.ts';

let service: TestService;
let admin: ApiClient;

const range = { start_date: '2026-10-01T00:00:00Z', end_date: '2026-10-05T00:00:00Z' };
const csv = { accept: 'text/csv' };

beforeAll(async () => {
  service = await startService({ workers: false, env: { QUERY_TIMEOUT_SECONDS: '2' } });
  admin = await service.clientFor('acme', 'admin');
  const usage = (day: number, hour: number, user_id: string, agent_id: string, cost_usd: number) => ({
    type: 'ai_usage',
    feature: 'f',
    success: cost_usd !== 0.3,
    latency_ms: 1,
    user_id,
    agent_id,
    cost_usd,
    occurred_at: `2026-10-0${day}T${String(hour).padStart(2, '0')}:00:00Z`,
  });
  const answer = await admin.post('/batch', [
    usage(1, 9, 'jane', 'support', 0.1),
    usage(1, 10, 'jane', 'support', 0.2),
    usage(3, 9, 'john', 'support', 0.3),
    usage(3, 9, 'john', '=billing', 1000000.000000001),
    usage(4, 23, 'jane', '=billing', 7),
  ]);
  expect(answer.json).toMatchObject({ accepted: 5 });
});
afterAll(() => service.close());

async function rowsOf(question: object, client = admin) {
  const { status, json } = await client.post('/query', { ...range, ...question });
  expect(status, JSON.stringify(json)).toBe(200);
  return json.rows;
}

describe('POST /query', () => {
  it('compares weekdays with those before a change of the clock', async () => {
    const london = await service.clientFor('london', 'admin');
    await london.patch('/settings', { time_zone: 'Europe/London' });
    // Half past midnight of Wednesday 14 October, British summer time.
    const at = (occurred_at: string) => ({ type: 'event', event_type: 'x', event_name: 'y', occurred_at });
    const events = [at('2026-10-13T23:30:00Z'), at('2026-10-28T12:00:00Z')];
    expect((await london.post('/batch', events)).json).toMatchObject({ accepted: 2 });
    await refreshAll(service.orm, 'london');
    const { json } = await london.post('/query', {
      metrics: ['events.count'],
      group_by: ['weekday'],
      compare_to_previous: true,
      start_date: '2026-10-26T00:00:00Z',
      end_date: '2026-11-08T00:00:00Z',
    });
    expect(json.rows).toEqual([{ weekday: 3, 'events.count': 1 }]);
    expect(json.previous.rows).toEqual([{ weekday: 3, 'events.count': 1 }]);
  });

  it.each([
    [{ metrics: ['users.total'], granularity: 'day' }, 'granularity'],
    [{ metrics: ['events.count'], granularity: 'hour', group_by: ['hour_of_day'], fill: true }, 'fill'],
    [
      { metrics: ['events.count'], filters: [{ dimension: 'feature', operator: 'equal', value: '\ud800' }] },
      'filters.0.value',
    ],
  ])('rejects %j', async (question, field) => {
    const { status, json } = await admin.post('/query', { ...range, ...question });
    expect([status, json.errors?.[0]?.field]).toEqual([400, field]);
  });

  it('answers metrics by group with the columns, units and range', async () => {
    const { json } = await admin.post('/query', {
      ...range,
      metrics: ['ai_usage.requests', 'ai_usage.cost', 'ai_usage.success_rate'],
      group_by: ['agent'],
      order: [{ by: 'ai_usage.requests', direction: 'desc' }],
    });
    expect(json).toEqual({
      columns: [
        { name: 'agent', kind: 'dimension', type: 'text', unit: null },
        { name: 'ai_usage.requests', kind: 'metric', type: 'number', unit: 'count' },
        { name: 'ai_usage.cost', kind: 'metric', type: 'number', unit: 'usd' },
        { name: 'ai_usage.success_rate', kind: 'metric', type: 'number', unit: 'percent' },
      ],
      rows: [
        {
          agent: 'support',
          'ai_usage.requests': 3,
          'ai_usage.cost': 0.6,
          'ai_usage.success_rate': expect.closeTo(66.6667, 3),
        },
        { agent: '=billing', 'ai_usage.requests': 2, 'ai_usage.cost': 1000007.000000001, 'ai_usage.success_rate': 100 },
      ],
      range: { start: '2026-10-01T00:00:00.000Z', end: '2026-10-05T00:00:00.000Z', time_zone: 'UTC' },
    });
  });

  it('fills buckets without data, for each group', async () => {
    const question = { metrics: ['ai_requests'], granularity: 'day', group_by: ['user'], fill: true };
    const rows = await rowsOf(question);
    expect(
      rows.map((row: Record<string, unknown>) => [String(row.bucket).slice(8, 10), row.user, row.ai_requests]),
    ).toEqual([
      ['01', 'jane', 2],
      ['01', 'john', 0],
      ['02', 'jane', 0],
      ['02', 'john', 0],
      ['03', 'jane', 0],
      ['03', 'john', 2],
      ['04', 'jane', 1],
      ['04', 'john', 0],
    ]);
  });

  it('filters, selects groups by their metrics, orders and limits', async () => {
    const question = {
      metrics: ['ai_requests'],
      group_by: ['user', 'agent'],
      filters: [{ dimension: 'agent', operator: 'not_equal', value: 'other' }],
      having: [{ metric: 'ai_requests', operator: 'less_than', value: 2 }],
      order: [{ by: 'user', direction: 'desc' }],
      limit: 2,
    };
    expect(await rowsOf(question)).toEqual([
      { user: 'john', agent: '=billing', ai_requests: 1 },
      { user: 'john', agent: 'support', ai_requests: 1 },
    ]);
  });

  it('compares with the range of equal length before', async () => {
    const { json } = await admin.post('/query', {
      start_date: '2026-10-03T00:00:00Z',
      end_date: '2026-10-05T00:00:00Z',
      metrics: ['ai_requests'],
      group_by: ['user'],
      compare_to_previous: true,
    });
    expect(json.rows).toEqual([
      { user: 'jane', ai_requests: 1 },
      { user: 'john', ai_requests: 2 },
    ]);
    expect(json.previous).toMatchObject({
      rows: [
        { user: 'jane', ai_requests: 2 },
        { user: 'john', ai_requests: 0 },
      ],
      range: { start: '2026-10-01T00:00:00.000Z', end: '2026-10-03T00:00:00.000Z' },
    });
  });

  it('compares buckets with those of the range before', async () => {
    const { json } = await admin.post('/query', {
      start_date: '2026-10-03T00:00:00Z',
      end_date: '2026-10-05T00:00:00Z',
      metrics: ['ai_requests'],
      granularity: 'day',
      fill: true,
      compare_to_previous: true,
    });
    expect(json.rows.map((row: Record<string, unknown>) => row.ai_requests)).toEqual([2, 1]);
    expect(json.previous.rows).toEqual([
      { bucket: '2026-10-01T00:00:00.000Z', ai_requests: 2 },
      { bucket: '2026-10-02T00:00:00.000Z', ai_requests: 0 },
    ]);
  });

  it('answers places on the clock as numbers', async () => {
    expect(await rowsOf({ metrics: ['ai_requests'], group_by: ['hour_of_day'] })).toEqual([
      { hour_of_day: 9, ai_requests: 3 },
      { hour_of_day: 10, ai_requests: 1 },
      { hour_of_day: 23, ai_requests: 1 },
    ]);
  });

  it('streams CSV with all digits of money, and no formula', async () => {
    const question = { ...range, metrics: ['ai_usage.cost', 'ai_requests'], group_by: ['agent'], granularity: 'month' };
    const answer = await admin.post('/query', question, csv);
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(answer.bytes.toString()).toBe(
      "bucket,agent,ai_usage.cost,ai_requests\n2026-10-01T00:00:00.000Z,'=billing,1000007.000000001,2\n2026-10-01T00:00:00.000Z,support,0.6,3\n",
    );
  });

  it.each([
    [{ metrics: ['ai_request'] }, 'metrics', /ai_usage\.requests/],
    [{ metrics: ['ai_requests'], group_by: ['colour'] }, 'group_by', /agent.*feature.*model/],
    [
      { metrics: ['ai_requests'], filters: [{ dimension: 'agent', operator: 'like', value: 'x' }] },
      'filters.0.operator',
      /equal.*starts_with/,
    ],
    [{ metrics: ['ai_requests'], order: [{ by: 'cost' }] }, 'order', /ai_requests/],
    [{ metrics: [] }, 'metrics', /./],
    [{ metrics: ['ai_requests'], limit: 0 }, 'limit', /./],
    [{ metrics: ['ai_requests'], period: '7d' }, 'period', /one of/],
  ])('rejects %j and lists the alternatives', async (question, field, message) => {
    for (const headers of [{}, csv]) {
      const { status, json } = await admin.post('/query', { ...range, ...question }, headers);
      expect(status).toBe(400);
      expect(json.errors).toContainEqual({ field, message: expect.stringMatching(message) });
    }
  });

  it('answers 406 where the client accepts neither JSON nor CSV', async () => {
    const { status } = await admin.post(
      '/query',
      { ...range, metrics: ['ai_requests'] },
      { accept: 'application/pdf' },
    );
    expect(status).toBe(406);
  });
});

it('is ended by its time limit, with 503', async () => {
  const lock = service.orm.em.fork();
  await inTransaction(lock, async (db) => {
    await sql`LOCK TABLE ai_usage IN ACCESS EXCLUSIVE MODE`.execute(db);
    const { status, json } = await admin.post('/query', { ...range, metrics: ['ai_usage.requests'] });
    expect([status, json.title]).toEqual([503, expect.stringContaining('took longer than 2 s')]);
  });
});

describe('a question of a member', () => {
  it('is restricted to its own data, in JSON and in CSV', async () => {
    const jane = await service.clientFor('acme', 'member', { userId: 'jane' });
    expect(await rowsOf({ metrics: ['ai_requests'], group_by: ['user'] }, jane)).toEqual([
      { user: 'jane', ai_requests: 3 },
    ]);
    const john = { dimension: 'user', operator: 'equal', value: 'john' };
    expect(await rowsOf({ metrics: ['ai_requests'], filters: [john] }, jane)).toEqual([{ ai_requests: 0 }]);
    const answer = await jane.post('/query', { ...range, metrics: ['ai_requests'] }, csv);
    expect(answer.bytes.toString()).toBe('ai_requests\n3\n');
  });

  it('is rejected where a metric cannot be restricted to a user', async () => {
    const jane = await service.clientFor('acme', 'member', { userId: 'jane' });
    const { status, json } = await jane.post('/query', { ...range, metrics: ['users.total'] });
    expect(status).toBe(400);
    expect(json.errors).toEqual([{ field: 'metrics', message: expect.stringContaining('users.total') }]);
  });
});

it('filters by the id of a user where ids are stored as pseudonyms', async () => {
  const client = await service.clientFor('private', 'admin');
  await client.patch('/settings', { privacy: { anonymise_user_ids: true } });
  await client.post('/executions', { agent_id: 'a', user_id: 'jane', status: 'success' });
  const question = { metrics: ['executions.count'], filters: [{ dimension: 'user', operator: 'in', value: ['jane'] }] };
  expect((await client.post('/query', question)).json.rows).toEqual([{ 'executions.count': 1 }]);
});

it('lists in the catalog all that a question may hold', async () => {
  const { json } = await admin.get('/metric-catalog');
  expect(json.question).toMatchObject({
    filter_operators: expect.arrayContaining(['equal', 'in', 'is_null']),
    granularities: ['minute', 'hour', 'day', 'week', 'month'],
    limits: { metrics: 20, limit: 10_000 },
  });
});
