import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../service/api-client.ts';
import { startService, type TestService } from '../service/service.ts';

let service: TestService;
let admin: ApiClient;
beforeAll(async () => {
  service = await startService({ workers: false });
  admin = await service.clientFor('acme', 'admin', { userId: 'boss' });
});
afterAll(() => service.close());

const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();

/** Stores an error; errors with the same message form one group. @returns its id */
async function log(message: string, fields: object = {}, client = admin): Promise<string> {
  const { status, json } = await client.post('/errors/log', { level: 'ERROR', message, ...fields });
  expect(status).toBe(201);
  return json.id;
}

const detail = async (id: string) => (await admin.get(`/errors/${id}`)).json;

describe('errors', () => {
  it('are listed, and returned by id with the details of their group', async () => {
    const first = ago(60);
    const last = ago(30);
    const fields = { exception_type: 'KeyError', stack_trace: 'at f (x.ts:1:2)', context: { a: 1 } };
    await log('user 1 is missing', { ...fields, occurred_at: last });
    const id = await log('user 2 is missing', { ...fields, occurred_at: first });
    const { json } = await admin.get('/errors?level=ERROR&exception_type=KeyError');
    expect(json.data).toMatchObject([{ message: 'user 1 is missing' }, { id, error_id: id, status: 'open' }]);
    expect(json.data[1]).not.toHaveProperty('stack_trace');
    expect(await detail(id)).toMatchObject({
      id,
      message: 'user 2 is missing',
      stack_trace: 'at f (x.ts:1:2)',
      context: { a: 1 },
      status: 'open',
      occurrences: 2,
      first_seen: first,
      last_seen: last,
      resolved_by: null,
      resolved_at: null,
      resolution_note: null,
      reopen_count: 0,
      grouping: {
        fingerprint: json.data[0].fingerprint,
        basis: [
          { part: 'exception_type', value: 'KeyError' },
          { part: 'message', value: 'user <n> is missing' },
          { part: 'frames', value: 'at f (x.ts)' },
        ],
      },
    });
  });

  it('count once when sent again, and in any order', async () => {
    const records = [50, 20, 90].map((seconds) => ({
      type: 'error',
      error_id: `again-${seconds}`,
      level: 'ERROR',
      message: 'again',
      occurred_at: ago(seconds),
    }));
    await admin.post('/batch', records);
    await admin.post('/batch', [...records].reverse());
    const shown = await detail('again-50');
    expect(shown).toMatchObject({ occurrences: 3, first_seen: records[2]?.occurred_at });
    expect(shown.last_seen).toBe(records[1]?.occurred_at);
  });

  it('are filtered, searched and limited to a range', async () => {
    const org = await service.clientFor('filters', 'admin');
    const records = [
      { error_id: 'f1', level: 'WARNING', message: 'disk 100%_full', status_code: 500, user_id: 'jane' },
      { error_id: 'f2', level: 'ERROR', message: 'timeout', exception_type: 'TimeoutError', session_id: 's' },
      { error_id: 'f3', level: 'ERROR', message: 'other', url: '/orders', status_code: 404, execution_id: 'e' },
    ].map((record) => ({ type: 'error', occurred_at: ago(5), ...record }));
    await org.post('/batch', records);
    const found = async (query: string) =>
      (await org.get(`/errors?${query}`)).json.data.map((row: { id: string }) => row.id).sort();
    const { fingerprint } = (await org.get('/errors/f2')).json;
    await org.patch('/errors/f1', { status: 'ignored' });
    await org.patch('/errors/f3', { status: 'resolved' });
    expect(await found('')).toEqual(['f1', 'f2', 'f3']);
    expect(await found('level=ERROR')).toEqual(['f2', 'f3']);
    expect(await found('exception_type=TimeoutError')).toEqual(['f2']);
    expect(await found(`fingerprint=${fingerprint}`)).toEqual(['f2']);
    expect(await found('status=open')).toEqual(['f2']);
    expect(await found('status=ignored')).toEqual(['f1']);
    expect(await found('status=resolved&group=true')).toEqual(['f3']);
    expect(await found('search=100%25_f')).toEqual(['f1']);
    expect(await found('search=/ORD')).toEqual(['f3']);
    expect(await found('user_id=jane')).toEqual(['f1']);
    expect(await found('session_id=s')).toEqual(['f2']);
    expect(await found('execution_id=e')).toEqual(['f3']);
    expect(await found('min_status_code=405')).toEqual(['f1']);
    expect(await found('max_status_code=405')).toEqual(['f3']);
    expect(await found('start_date=2024-01-01&end_date=2024-01-31')).toEqual([]);
  });

  it.each(['false', 'true'])('are paged across equal timestamps without gaps, with group=%s', async (group) => {
    const org = await service.clientFor(`pages-${group}`, 'admin');
    const at = ago(100);
    const words = ['one', 'two', 'three', 'four', 'five', 'six', 'seven'];
    const records = words.flatMap((word) =>
      [1, 2].map((n) => ({
        type: 'error',
        error_id: `${word}-${n}`,
        level: 'ERROR',
        message: word,
        occurred_at: word === 'seven' ? ago(50) : at,
      })),
    );
    await org.post('/batch', records);
    const rows: { id: string; occurrences: number; occurrences_in_range?: number }[] = [];
    let cursor = '';
    do {
      const { json } = await org.get(`/errors?group=${group}&limit=3${cursor}`);
      rows.push(...json.data);
      cursor = json.next_cursor ? `&cursor=${json.next_cursor}` : '';
    } while (cursor);
    const expected = records.map((record) => record.error_id).filter((id) => group === 'false' || id.endsWith('-2'));
    expect(rows.map(({ id }) => id).sort()).toEqual(expected.sort());
    expect(rows[0]?.id).toBe('seven-2');
    for (const row of rows) {
      expect([row.occurrences, row.occurrences_in_range]).toEqual([2, group === 'true' ? 2 : undefined]);
    }
  });

  it('are grouped with the latest occurrence that matches the filters', async () => {
    const org = await service.clientFor('latest', 'admin');
    await log('mixed', { level: 'ERROR', error_id: 'older', occurred_at: ago(90) }, org);
    await log('mixed', { level: 'CRITICAL', error_id: 'newer', occurred_at: ago(10) }, org);
    await log('mixed', { error_id: 'long-ago', occurred_at: '2025-01-01T00:00:00Z' }, org);
    const rows = async (query: string) => (await org.get(`/errors?group=true${query}`)).json.data;
    expect(await rows('')).toMatchObject([{ id: 'newer', occurrences: 3, occurrences_in_range: 2 }]);
    expect(await rows('&level=ERROR')).toMatchObject([{ id: 'older', occurrences: 3 }]);
  });

  it('of another organisation are inaccessible, even with equal fingerprints', async () => {
    const other = await service.clientFor('globex', 'admin');
    const mine = await log('shared message', { error_id: 'shared' });
    await log('shared message', { error_id: 'theirs' }, other);
    expect((await other.get(`/errors/${mine}`)).status).toBe(404);
    expect((await other.patch(`/errors/${mine}`, { status: 'resolved' })).status).toBe(404);
    await other.patch('/errors/theirs', { status: 'resolved' });
    expect(await detail(mine)).toMatchObject({ status: 'open', occurrences: 1 });
    expect((await other.get('/errors')).json.data).toMatchObject([{ id: 'theirs', occurrences: 1 }]);
    expect((await other.get('/errors/stats')).json).toMatchObject({ total: 1, unresolved: 0 });
  });
});

it('rejects unknown parameters, statuses and error ids', async () => {
  const id = await log('refused');
  for (const path of [
    '/errors?level=FATAL',
    '/errors?status=closed',
    '/errors?group=yes',
    '/errors?colour=red',
    '/errors?cursor=bm90aGluZw',
    '/errors?min_status_code=many',
    '/errors?days=3&period=7d',
    '/errors/stats?days=401',
    '/errors/stats?level=ERROR',
  ]) {
    expect([path, (await admin.get(path)).status]).toEqual([path, 400]);
  }
  for (const body of [
    {},
    { status: 'closed' },
    { status: 'resolved', resolved_by: 'me' },
    { status: 'resolved', resolution_note: '' },
    { status: 'resolved', resolution_note: 'nul \u0000' },
    { status: 'open', resolution_note: 'why' },
  ]) {
    expect([body, (await admin.patch(`/errors/${id}`, body)).status]).toEqual([body, 400]);
  }
  expect(await detail(id)).toMatchObject({ status: 'open', status_changed_at: null });
  expect((await admin.get('/errors/nobody')).status).toBe(404);
  expect((await admin.patch('/errors/nobody', { status: 'open' })).status).toBe(404);
});

it('requires the role admin and a key with the scope', async () => {
  const jane = await service.clientFor('acme', 'member', { userId: 'jane' });
  const narrow = await service.clientFor('acme', 'admin', { scopes: ['telemetry', 'executions'] });
  const metrics = await service.clientFor('acme', 'admin', { scopes: ['metrics'] });
  for (const path of ['/errors', '/errors/stats']) {
    expect((await jane.get(path)).status).toBe(403);
    expect((await narrow.get(path)).status).toBe(403);
    expect((await metrics.get(path)).status).toBe(200);
  }
});
