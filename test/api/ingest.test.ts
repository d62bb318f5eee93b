import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dbOf } from '../../shared/db/orm.ts';
import type { ApiClient } from '../service/api-client.ts';
import { startService, type TestService } from '../service/service.ts';

let service: TestService;
let org: ApiClient;

beforeAll(async () => {
  service = await startService({ workers: false });
  org = await service.clientFor('acme', 'ingest');
});
afterAll(() => service.close());

describe('an Idempotency-Key', () => {
  it('repeats the first response, and stores nothing twice', async () => {
    const body = { event_type: 'x', event_name: 'once' };
    const headers = { 'idempotency-key': 'k1' };
    const answers = await Promise.all([1, 2, 3].map(() => org.post('/events', body, headers)));
    expect(new Set(answers.map(({ json }) => json.event_id)).size).toBe(1);
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect((await org.post('/events', { ...body, event_name: 'other' }, headers)).status).toBe(422);
    expect((await org.post('/track', body, headers)).status).toBe(422);
  });

  it('can be reused after its request was rejected', async () => {
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

  it('is priced by the server in exact decimals, with cached and uncached tokens separated', async () => {
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

  it('keeps a given cost, and marks usage without a known price as unpriced', async () => {
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
  it('stores only what the settings allow, with a stable pseudonym for each user', async () => {
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
  it('is answered with 429 and Retry-After; accepted records are stored', async () => {
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
