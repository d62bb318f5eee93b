import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { type ApiAnswer, createApiClient } from '../service/api-client.ts';
import { startService, type TestService } from '../service/service.ts';

let service: TestService | undefined;
afterEach(() => service?.close());

async function start(env: Record<string, string>): Promise<TestService> {
  service = await startService({ workers: false, env });
  return service;
}

function expectLimited({ status, headers, json }: ApiAnswer, limit: number): void {
  expect([status, json.type]).toEqual([429, 'urn:tidemark:problem:rate-limited']);
  expect(headers.get('ratelimit-limit')).toBe(String(limit));
  expect(headers.get('ratelimit-remaining')).toBe('0');
  expect(Number(headers.get('ratelimit-reset'))).toBeGreaterThan(0);
  expect(headers.get('retry-after')).toBe(headers.get('ratelimit-reset'));
}

describe.each(['memory', 'postgres'])('limits in %s', (store) => {
  it('apply to queries, to all requests of a key and to those of its organisation', async () => {
    const api = await start({
      RATE_LIMIT_STORE: store,
      RATE_LIMIT_PER_MINUTE: '6',
      RATE_LIMIT_QUERIES_PER_MINUTE: '2',
      RATE_LIMIT_ORG_PER_MINUTE: '10',
    });
    const [one, two] = [await api.clientFor('acme', 'admin'), await api.clientFor('acme', 'admin')];
    for (let n = 0; n < 2; n += 1) expect((await one.get('/events')).status).toBe(200);
    expectLimited(await one.get('/events'), 2);
    const event = { event_type: 'x', event_name: 'y' };
    for (let n = 0; n < 3; n += 1) expect((await one.post('/events', event)).status).toBe(201);
    expectLimited(await one.post('/events', event), 6);
    for (let n = 0; n < 3; n += 1) expect((await two.post('/events', event)).status).toBe(201);
    expectLimited(await two.post('/events', event), 10);
    const globex = await api.clientFor('globex', 'admin');
    expect((await globex.get('/events')).headers.get('ratelimit-remaining')).toBe('1');
  });

  it('apply to the decompressed bytes of an organisation', async () => {
    const api = await start({ RATE_LIMIT_STORE: store, RATE_LIMIT_ORG_MB_PER_MINUTE: '16' });
    const acme = await api.clientFor('acme', 'ingest');
    const headers = { 'content-type': 'application/x-ndjson' };
    const packed = gzipSync(Buffer.alloc(10 * 1024 * 1024, 0x20));
    expect((await acme.post('/batch', packed, { ...headers, 'content-encoding': 'gzip' })).status).toBe(202);
    expectLimited(await acme.post('/batch', Buffer.alloc(7 * 1024 * 1024, 0x20), headers), 16 * 1024);
    const globex = await api.clientFor('globex', 'ingest');
    expect((await globex.post('/batch', '', headers)).status).toBe(202);
  });

  it('apply to invalid credentials by address, but not to recently valid ones', async () => {
    const api = await start({
      RATE_LIMIT_STORE: store,
      RATE_LIMIT_FAILED_CREDENTIALS_PER_MINUTE: '3',
      TRUST_PROXY: '1',
    });
    const [known, fresh] = [await api.clientFor('acme', 'admin'), await api.clientFor('acme', 'admin')];
    const guess = createApiClient(api.origin, 'tm_guess');
    const from = (address: string) => ({ 'x-forwarded-for': `6.6.6.6, ${address}` });
    expect((await known.get('/settings', from('198.51.100.1'))).status).toBe(200);
    for (let n = 0; n < 3; n += 1) expect((await guess.get('/settings', from('198.51.100.1'))).status).toBe(401);
    expectLimited(await guess.get('/settings', from('198.51.100.1')), 3);
    expectLimited(await fresh.get('/settings', from('198.51.100.1')), 3);
    expect((await known.get('/settings', from('198.51.100.1'))).status).toBe(200);
    expect((await fresh.get('/settings', from('198.51.100.2'))).status).toBe(200);
    expect((await guess.get('/settings', from('2001:db8::1'))).status).toBe(401);
    // A request without a credential is no guess.
    expect((await api.anonymous.get('/settings', from('198.51.100.1'))).status).toBe(401);
  });
});
