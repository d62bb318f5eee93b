import { gzipSync } from 'node:zlib';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dbOf } from '../../shared/db/orm.ts';
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
  it('is started, then finished, and shows how long it took', async () => {
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

  it('keeps its first start time and its final status, and has its gaps filled', async () => {
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

  it('takes over what the record that finishes it says, whichever of the two comes first', async () => {
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

  it('is finished by a batch record that names nothing but its id', async () => {
    const start = { type: 'execution', execution_id: 'e5', agent_id: 'a' };
    const finish = { type: 'execution', execution_id: 'e5', status: 'timeout' };
    const { json } = await org.post('/batch', [finish, start, { ...finish, execution_id: 'never-started' }]);
    expect(json).toMatchObject({ accepted: 2, rejected: 1, errors: [{ index: 2, field: 'agent_id' }] });
    expect(await execution('e5')).toMatchObject({ status: 'timeout', agent_id: 'a' });
  });

  it('is answered with 404 when it is finished under an unknown id', async () => {
    expect((await org.patch('/executions/nobody', { status: 'success' })).status).toBe(404);
  });

  it('reads the aliases of older clients', async () => {
    const at = ago(20);
    const { json } = await org.post('/executions', {
      execution_id: 'e6',
      agent_id: 'a',
      start_time: at,
      status: 'failed',
    });
    expect(json).toMatchObject({ started_at: at, status: 'failure' });
  });

  it('lists the latest first, filtered and page by page', async () => {
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

describe('a batch', () => {
  it('stores its good records and names the bad ones by index, field and reason', async () => {
    const { status, json } = await org.post('/batch', [
      { type: 'event', event_type: 'x', event_name: 'good' },
      { type: 'event', event_type: 'x' },
      'no object',
      { type: 'spaceship' },
      { type: 'event', event_type: 'x', event_name: 'y', colour: 'red' },
      { type: 'event', event_type: 'x', event_name: 'nul \u0000' },
      { type: 'event', event_type: 'x', event_name: 'y', properties: { deep: ['\ud800'] } },
      { type: 'event', event_type: 'x', event_name: 'y', duration_ms: 1e300 },
      {
        type: 'event',
        event_type: 'x',
        event_name: 'y',
        occurred_at: new Date(Date.now() + 2 * 86_400_000).toISOString(),
      },
      { type: 'event', event_type: 'x', event_name: 'y', occurred_at: '1999-01-01T00:00:00Z' },
      { type: 'event', event_type: 'x', event_name: 'y', org_id: 'globex' },
      { type: 'ai_usage', feature: 'f', success: true, latency_ms: 1, input_tokens: 5, cached_input_tokens: 6 },
      { type: 'execution', agent_id: 'a', started_at: ago(5), ended_at: ago(9) },
    ]);
    expect(status).toBe(202);
    expect(json).toMatchObject({ accepted: 1, duplicates: 0, rejected: 12 });
    expect(json.errors.map((error: { index: number; field: string }) => [error.index, error.field])).toEqual([
      [1, 'event_name'],
      [2, ''],
      [3, 'type'],
      [4, 'colour'],
      [5, 'event_name'],
      [6, 'properties'],
      [7, 'duration_ms'],
      [8, 'occurred_at'],
      [9, 'occurred_at'],
      [10, 'org_id'],
      [11, 'input_tokens'],
      [12, 'ended_at'],
    ]);
    for (const { message } of json.errors) expect(message).not.toBe('');
  });

  it('is taken as NDJSON, also gzipped, and a broken line is one bad record', async () => {
    const lines = [
      '{"type":"event","event_type":"n","event_name":"1"}',
      '{"type":',
      '',
      '{"type":"event","event_type":"n","event_name":"2"}',
    ];
    const body = lines.join('\n');
    for (const [sent, encoding] of [
      [Buffer.from(body), 'identity'],
      [gzipSync(body), 'gzip'],
    ] as const) {
      const headers = { 'content-type': 'application/x-ndjson', 'content-encoding': encoding };
      const { json } = await org.post('/batch', sent, headers);
      expect(json).toMatchObject({ accepted: 2, rejected: 1, errors: [{ index: 1 }] });
    }
  });

  it('is refused whole when it is too large, of another type, or no JSON', async () => {
    const event = { type: 'event', event_type: 'x', event_name: 'y' };
    expect(
      (
        await org.post(
          '/batch',
          Array.from({ length: 10_001 }, () => event),
        )
      ).status,
    ).toBe(413);
    expect((await org.post('/batch', Buffer.alloc(17 * 1024 * 1024, 32))).status).toBe(413);
    expect(
      (await org.post('/batch', gzipSync(Buffer.alloc(20 * 1024 * 1024, 32)), { 'content-encoding': 'gzip' })).status,
    ).toBe(413);
    expect((await org.post('/batch', 'a,b', { 'content-type': 'text/csv' })).status).toBe(415);
    expect((await org.post('/batch', '[]', { 'content-encoding': 'br' })).status).toBe(415);
    expect((await org.post('/batch', '[{]')).status).toBe(400);
    expect((await org.post('/batch', Buffer.from('no gzip'), { 'content-encoding': 'gzip' })).status).toBe(400);
  });

  it('changes nothing when it is sent again', async () => {
    const at = ago(60);
    const records = [
      { type: 'session', session_id: 's', started_at: at },
      { type: 'execution', execution_id: 'again', agent_id: 'a', started_at: at, status: 'success', ended_at: at },
      {
        type: 'tool_usage',
        usage_id: 'again',
        tool_name: 't',
        execution_id: 'again',
        started_at: at,
        status: 'success',
      },
      {
        type: 'ai_usage',
        usage_id: 'again',
        feature: 'f',
        success: true,
        latency_ms: 1.25,
        occurred_at: at,
        cost_usd: 0.1,
      },
      {
        type: 'workflow',
        workflow_id: 'again',
        workflow_type: 'w',
        agents_involved: ['a'],
        status: 'success',
        started_at: at,
      },
      {
        type: 'event',
        event_id: 'again',
        event_type: 'e',
        event_name: 'e',
        occurred_at: at,
        properties: { b: 1, a: [2] },
      },
      {
        type: 'api_call',
        call_id: 'again',
        method: 'get',
        path: '/',
        status_code: 200,
        duration_ms: 0.5,
        occurred_at: at,
      },
      { type: 'error', error_id: 'again', level: 'ERROR', message: 'm', occurred_at: at, context: { x: null } },
    ];
    expect((await org.post('/batch', records)).json).toMatchObject({ accepted: 8, duplicates: 0 });
    expect((await org.post('/batch', records)).json).toMatchObject({ accepted: 0, duplicates: 8 });
    const twice = [...records, ...records].map((record) => ({
      ...record,
      started_at: undefined,
      occurred_at: undefined,
    }));
    expect((await org.post('/batch', twice)).json).toMatchObject({ accepted: 0, duplicates: 16, rejected: 0 });
  });

  it('keeps organisations apart, also where their ids are equal', async () => {
    const other = await service.clientFor('globex', 'admin');
    await org.post('/executions', { execution_id: 'same', agent_id: 'acme-agent' });
    await other.post('/executions', { execution_id: 'same', agent_id: 'globex-agent' });
    expect((await execution('same')).agent_id).toBe('acme-agent');
    expect((await other.get('/executions/same')).json.agent_id).toBe('globex-agent');
    expect((await other.get('/executions?org_id=acme')).status).toBe(403);
    expect((await other.post('/executions', { agent_id: 'x', org_id: 'acme' })).status).toBe(403);
    expect((await other.post('/executions', { agent_id: 'x', org_id: 'globex' })).status).toBe(201);
  });

  it('writes the quarter hours that it touched into the ledger, once a batch', async () => {
    const client = await service.clientFor('ledger', 'ingest');
    const day = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
    const event = (time: string) => ({
      type: 'event',
      event_type: 'x',
      event_name: 'y',
      occurred_at: `${day}T${time}Z`,
    });
    await client.post('/batch', [event('10:00:00'), event('10:14:59.999'), event('10:15:00')]);
    const rows = await dbOf(service.orm.em.fork())
      .selectFrom('bucket_ledger')
      .select(['kind', 'bucket'])
      .where('org_id', '=', 'ledger')
      .orderBy('bucket')
      .execute();
    expect(rows.map(({ kind, bucket }) => [kind, new Date(bucket).toISOString()])).toEqual([
      ['events', `${day}T10:00:00.000Z`],
      ['events', `${day}T10:15:00.000Z`],
    ]);
  });
});

describe('an Idempotency-Key', () => {
  it('gives the first answer again, and stores nothing twice', async () => {
    const body = { event_type: 'x', event_name: 'once' };
    const headers = { 'idempotency-key': 'k1' };
    const answers = await Promise.all([1, 2, 3].map(() => org.post('/events', body, headers)));
    expect(new Set(answers.map(({ json }) => json.event_id)).size).toBe(1);
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect((await org.post('/events', { ...body, event_name: 'other' }, headers)).status).toBe(422);
    expect((await org.post('/track', body, headers)).status).toBe(422);
  });

  it('is free again when its request was refused', async () => {
    const headers = { 'idempotency-key': 'k2' };
    expect((await org.post('/events', { event_type: 'x' }, headers)).status).toBe(400);
    expect((await org.post('/events', { event_type: 'x', event_name: 'y' }, headers)).status).toBe(201);
  });
});

describe('AI usage', () => {
  const usage = async (fields: object) => {
    const { json } = await org.post('/log-ai-usage', { feature: 'f', success: true, response_time: 1.5, ...fields });
    return json;
  };

  it('is priced by the server in exact decimals, its tokens told apart', async () => {
    const priced = await usage({
      model: 'gpt-4o',
      provider: 'openai',
      input_tokens: 1000,
      cached_input_tokens: 400,
      output_tokens: 7,
    });
    expect(priced).toMatchObject({
      latency_ms: 1500,
      uncached_input_tokens: 600,
      cached_input_tokens: 400,
      cache_write_tokens: 0,
      total_tokens: 1007,
      cost_usd: 0.00207,
      cost_source: 'priced',
    });
  });

  it('keeps a cost that is given, and tells no price from no cost', async () => {
    expect(await usage({ model: 'gpt-4o', cost_usd: 0.3, input_tokens: 1 })).toMatchObject({
      cost_usd: 0.3,
      cost_source: 'given',
    });
    expect(await usage({ model: 'no-such-model', input_tokens: 1 })).toMatchObject({
      cost_usd: null,
      cost_source: 'unpriced',
    });
    expect(await usage({})).toMatchObject({ cost_usd: null, cost_source: 'unpriced', total_tokens: null });
  });
});

describe('privacy', () => {
  it('keeps no more than the organisation allows, and the same user stays the same', async () => {
    const owner = await service.clientFor('private', 'admin');
    const changed = await owner.patch('/settings', {
      privacy: { store_query: false, max_text_length: 4, anonymise_user_ids: true, store_ip: false },
    });
    expect(changed.json.privacy).toMatchObject({ store_query: false, store_response: true, anonymise_user_ids: true });
    const sent = { agent_id: 'a', user_id: 'jane', query: 'secret', response: 'abc😀def' };
    const first = (await owner.post('/executions', sent)).json;
    const second = (await owner.post('/executions', sent)).json;
    expect(first).toMatchObject({ query: null, response: 'abc' });
    expect(first.user_id).toMatch(/^anon_.{22}$/);
    expect(second.user_id).toBe(first.user_id);
    expect((await owner.get('/executions?user_id=jane')).json.data).toHaveLength(2);
    const tracked = await owner.post('/track', { user_id: 'jane' });
    const db = dbOf(service.orm.em.fork());
    const { rows } = await sql`SELECT * FROM events WHERE event_id = ${tracked.json.event_id}`.execute(db);
    expect(rows).toMatchObject([{ ip_address: null, user_agent: null, user_id: first.user_id, event_type: 'custom' }]);
  });
});

describe('overload', () => {
  it('is answered with 429 and when to come back, and what was taken is stored', async () => {
    const busy = await startService({ workers: false, env: { INGEST_MAX_CONCURRENT: '1', INGEST_MAX_WAITING: '1' } });
    try {
      const client = await busy.clientFor('acme', 'ingest');
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, n) =>
          client.post('/events', { event_type: 'x', event_name: 'y', event_id: `b${n}` }),
        ),
      );
      const refused = answers.filter(({ status }) => status === 429);
      expect(refused.length).toBeGreaterThan(0);
      expect(refused.every(({ headers }) => headers.get('retry-after') === '1')).toBe(true);
      const stored = answers.filter(({ status }) => status === 201).length;
      expect(stored + refused.length).toBe(12);
      const { rows } = await sql`SELECT event_id FROM events`.execute(dbOf(busy.orm.em.fork()));
      expect(rows).toHaveLength(stored);
    } finally {
      await busy.close();
    }
  });
});
