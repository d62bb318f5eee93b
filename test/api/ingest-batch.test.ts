import { gzipSync } from 'node:zlib';
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

describe('a batch', () => {
  it('stores valid records and reports invalid ones by index, field and reason', async () => {
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

  it('accepts NDJSON, plain or gzipped, and counts a malformed line as one rejected record', async () => {
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

  it('is rejected whole when too large (413), of another type or encoding (415), or malformed (400)', async () => {
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
    expect((await org.post('/batch', '[]', { 'content-encoding': 'compress' })).status).toBe(415);
    expect((await org.post('/batch', '[{]')).status).toBe(400);
    for (const encoding of ['gzip', 'x-gzip', 'deflate', 'br', 'zstd']) {
      const broken = await org.post('/batch', Buffer.from('not compressed'), { 'content-encoding': encoding });
      expect([broken.status, broken.json.errors]).toEqual([
        400,
        [{ field: '', message: `the body is not valid ${encoding}` }],
      ]);
    }
  });

  it('stores nothing new when sent again', async () => {
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

  it('keeps organisations apart, even with equal ids', async () => {
    const other = await service.clientFor('globex', 'admin');
    await org.post('/executions', { execution_id: 'same', agent_id: 'acme-agent' });
    await other.post('/executions', { execution_id: 'same', agent_id: 'globex-agent' });
    expect((await execution('same')).agent_id).toBe('acme-agent');
    expect((await other.get('/executions/same')).json.agent_id).toBe('globex-agent');
    expect((await other.get('/executions?org_id=acme')).status).toBe(403);
    expect((await other.post('/executions', { agent_id: 'x', org_id: 'acme' })).status).toBe(403);
    expect((await other.post('/executions', { agent_id: 'x', org_id: 'globex' })).status).toBe(201);
  });

  it('marks each quarter hour that it touches once in the bucket ledger', async () => {
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
