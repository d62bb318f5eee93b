import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../service/api-client.ts';
import { startService, type TestService } from '../service/service.ts';

let service: TestService;
let org: ApiClient;
let admin: ApiClient;

beforeAll(async () => {
  service = await startService({ workers: false });
  org = await service.clientFor('acme', 'ingest');
  admin = await service.clientFor('acme', 'admin');
});
afterAll(() => service.close());

const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();
const execution = async (id: string) => (await admin.get(`/executions/${id}`)).json;

describe('an execution', () => {
  it('is started, then finished, and has a duration', async () => {
    const started = await org.post('/executions', {
      execution_id: 'e1',
      agent_id: 'a',
      agent_name: 'Ada',
      started_at: ago(10),
    });
    expect(started).toMatchObject({
      status: 201,
      json: { execution_id: 'e1', status: 'in_progress', duration_ms: null },
    });
    const finished = await org.patch('/executions/e1', { status: 'completed', tokens_used: 7, ended_at: ago(8) });
    expect(finished).toMatchObject({ status: 200, json: { status: 'success', total_tokens: 7 } });
    expect(finished.json.duration_ms).toBeGreaterThan(1900);
    expect(await execution('e1')).toMatchObject({ agent_name: 'Ada', tool_usages: [], ai_usage: [], tool_count: 0 });
  });

  it('keeps its first start time and its final status, and fills missing fields', async () => {
    const first = ago(100);
    await org.post('/executions', { execution_id: 'e2', agent_id: 'a', started_at: first, task_name: 'one' });
    await org.patch('/executions/e2', { status: 'failure', error_type: 'timeout' });
    const again = await org.post('/executions', {
      execution_id: 'e2',
      agent_id: 'b',
      started_at: ago(50),
      task_name: 'two',
      status: 'success',
      user_id: 'u',
    });
    expect(again.status).toBe(200);
    expect(again.json).toMatchObject({
      started_at: first,
      status: 'failure',
      agent_id: 'a',
      task_name: 'one',
      user_id: 'u',
    });
  });

  it('takes the values of its finishing record, in either order of arrival', async () => {
    const start = { type: 'execution', execution_id: 'e3', agent_id: 'a', started_at: ago(5), steps: 0 };
    const finish = { ...start, status: 'success', steps: 3, ended_at: ago(1) };
    await org.post('/batch', [start, finish]);
    await org.post('/batch', [
      { ...finish, execution_id: 'e4' },
      { ...start, execution_id: 'e4' },
    ]);
    expect(await execution('e3')).toMatchObject({ steps: 3, status: 'success' });
    expect(await execution('e4')).toMatchObject({ steps: 3, status: 'success' });
  });

  it('is finished by a batch record with its id and status only', async () => {
    const start = { type: 'execution', execution_id: 'e5', agent_id: 'a' };
    const finish = { type: 'execution', execution_id: 'e5', status: 'timeout' };
    const { json } = await org.post('/batch', [finish, start, { ...finish, execution_id: 'never-started' }]);
    expect(json).toMatchObject({ accepted: 2, rejected: 1, errors: [{ index: 2, field: 'agent_id' }] });
    expect(await execution('e5')).toMatchObject({ status: 'timeout', agent_id: 'a' });
  });

  it('answers a PATCH of an unknown id with 404', async () => {
    expect((await org.patch('/executions/nobody', { status: 'success' })).status).toBe(404);
  });

  it('accepts the field aliases of older clients', async () => {
    const at = ago(20);
    const { json } = await org.post('/executions', {
      execution_id: 'e6',
      agent_id: 'a',
      start_time: at,
      status: 'failed',
    });
    expect(json).toMatchObject({ started_at: at, status: 'failure' });
  });

  it('is listed latest first, filtered and paged', async () => {
    const records = [1, 2, 3, 4, 5].map((n) => ({
      type: 'execution',
      execution_id: `page-${n}`,
      agent_id: 'pager',
      started_at: ago(1000 - n),
      input_tokens: n,
      task_name: n === 3 ? '100%_done' : 'other',
    }));
    await org.post('/batch', records);
    const ids: string[] = [];
    let cursor = '';
    do {
      const { json } = await admin.get(`/executions?agent_id=pager&limit=2${cursor}`);
      ids.push(...json.data.map((row: { execution_id: string }) => row.execution_id));
      cursor = json.next_cursor ? `&cursor=${json.next_cursor}` : '';
    } while (cursor);
    expect(ids).toEqual(['page-5', 'page-4', 'page-3', 'page-2', 'page-1']);
    const bounded = await admin.get('/executions?agent_id=pager&min_total_tokens=2&max_input_tokens=3');
    expect(bounded.json.data).toHaveLength(2);
    const searched = await admin.get('/executions?search=100%25_d');
    expect(searched.json.data).toMatchObject([{ execution_id: 'page-3' }]);
    expect(searched.json.range).toMatchObject({ time_zone: 'UTC' });
  });
});
