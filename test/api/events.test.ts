import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiClient } from '../service/api-client.ts';
import { startService, type TestService } from '../service/service.ts';

let service: TestService;
let admin: ApiClient;
const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();
const at = ago(300);

beforeAll(async () => {
  service = await startService({ workers: false });
  admin = await service.clientFor('acme', 'admin');
  const records = [
    { event_id: 'e1', event_type: 'click', event_name: 'message_sent', user_id: 'jane', occurred_at: ago(10) },
    { event_id: 'e2', event_type: 'click', event_name: 'login', user_id: 'john', session_id: 's', occurred_at: at },
    {
      event_id: 'e3',
      event_type: 'view',
      event_name: 'page_view',
      feature: 'Chat',
      duration_ms: 20.5,
      occurred_at: at,
    },
    { event_id: 'e4', event_type: 'view', event_name: '100%_done', user_id: 'jane', duration_ms: 9, occurred_at: at },
    { event_id: 'e5', event_type: 'view', event_name: 'old', user_id: 'jane', occurred_at: ago(30 * 86_400) },
  ];
  await admin.post(
    '/batch',
    records.map((record) => ({ type: 'event', ...record })),
  );
});
afterAll(() => service.close());

async function found(query: string, client = admin): Promise<string[]> {
  const { status, json } = await client.get(`/events?${query}`);
  expect(status, JSON.stringify(json)).toBe(200);
  return json.data.map((row: { event_id: string }) => row.event_id);
}

it('lists the events of the range as stored, latest first', async () => {
  const { json } = await admin.get('/events');
  expect(json.data.map((row: { event_id: string }) => row.event_id)).toEqual(['e1', 'e4', 'e3', 'e2']);
  expect(json.data[2]).toMatchObject({ occurred_at: at, feature: 'Chat', duration_ms: 20.5, user_id: null });
  expect(json).toMatchObject({ next_cursor: null, range: { time_zone: 'UTC' } });
  expect(await found('days=40')).toHaveLength(5);
});

it.each([
  ['event_type=click', ['e1', 'e2']],
  ['event_name=login', ['e2']],
  ['session_id=s', ['e2']],
  ['feature=Chat', ['e3']],
  ['user_id=jane', ['e1', 'e4']],
  ['search=CHAT', ['e3']],
  ['search=100%25_', ['e4']],
  ['search=vie', ['e4', 'e3']],
  ['min_duration_ms=9.5', ['e3']],
  ['max_duration_ms=9', ['e4']],
  ['event_type=view&user_id=jane', ['e4']],
  ['event_type=none', []],
])('is narrowed by %s', async (query, ids) => {
  expect(await found(query)).toEqual(ids);
});

it('pages through equal timestamps without gaps or repeats', async () => {
  const ids: string[] = [];
  let cursor = '';
  do {
    const { json } = await admin.get(`/events?limit=1${cursor}`);
    ids.push(...json.data.map((row: { event_id: string }) => row.event_id));
    cursor = json.next_cursor ? `&cursor=${json.next_cursor}` : '';
  } while (cursor);
  expect(ids).toEqual(['e1', 'e4', 'e3', 'e2']);
});

it('limits a member to its own events, and a client to its organisation', async () => {
  const jane = await service.clientFor('acme', 'member', { userId: 'jane' });
  expect(await found('', jane)).toEqual(['e1', 'e4']);
  expect(await found('user_id=jane', jane)).toEqual(['e1', 'e4']);
  expect((await jane.get('/events?user_id=john')).status).toBe(403);
  const other = await service.clientFor('globex', 'admin');
  expect(await found('days=40', other)).toEqual([]);
  expect((await other.get('/events?org_id=acme')).status).toBe(403);
  const narrow = await service.clientFor('acme', 'admin', { scopes: ['executions'] });
  expect((await narrow.get('/events')).status).toBe(403);
});

it('finds an anonymised user by id and by pseudonym', async () => {
  const owner = await service.clientFor('private', 'admin');
  await owner.patch('/settings', { privacy: { anonymise_user_ids: true } });
  const { json } = await owner.post('/events', { event_type: 'x', event_name: 'y', user_id: 'jane' });
  expect(await found('user_id=jane', owner)).toEqual([json.event_id]);
  expect(await found(`user_id=${json.user_id}`, owner)).toEqual([json.event_id]);
  const jane = await service.clientFor('private', 'member', { userId: 'jane' });
  expect(await found('', jane)).toEqual([json.event_id]);
});

it.each([
  'colour=red',
  'limit=0',
  'limit=501',
  'min_duration_ms=long',
  'cursor=bm90aGluZw',
  'event_name=',
  'start_date=2026-02-01',
  'days=3&period=7d',
])('rejects %s with 400', async (query) => {
  expect((await admin.get(`/events?${query}`)).status).toBe(400);
});
