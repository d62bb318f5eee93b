import { createServer, type Server } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiClient, createApiClient } from '../service/api-client.ts';
import { startService, type TestService } from '../service/service.ts';

let issuer: Server;
let service: TestService;
let admin: ApiClient;
let keys: Awaited<ReturnType<typeof generateKeyPair>>;
let otherKeys: Awaited<ReturnType<typeof generateKeyPair>>;

beforeAll(async () => {
  keys = await generateKeyPair('ES256', { extractable: true });
  otherKeys = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'ES256' };
  issuer = createServer((_, response) => response.end(JSON.stringify({ keys: [jwk] })));
  await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve));
  const address = issuer.address();
  if (address === null || typeof address === 'string') throw new Error('The issuer has no port');
  service = await startService({
    workers: false,
    env: {
      JWT_ISSUER: 'https://issuer.example',
      JWT_AUDIENCE: 'tidemark',
      JWT_JWKS_URL: `http://127.0.0.1:${address.port}/jwks`,
      JWT_ORG_CLAIM: 'https://issuer.example/org',
      CORS_ORIGINS: 'https://app.example, https://other.example',
      RATE_LIMIT_STORE: 'postgres',
    },
  });
  admin = await service.clientFor('acme', 'admin');
});
afterAll(async () => {
  await service.close();
  issuer.close();
});

interface Claims {
  org?: string;
  role?: string;
  sub?: string;
  audience?: string;
  issuer?: string;
  expires?: string;
}

async function token(claims: Claims, privateKey = keys.privateKey): Promise<string> {
  const jwt = new SignJWT({
    ...(claims.org === undefined ? {} : { 'https://issuer.example/org': claims.org }),
    ...(claims.role === undefined ? {} : { role: claims.role }),
  })
    .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
    .setIssuer(claims.issuer ?? 'https://issuer.example')
    .setAudience(claims.audience ?? 'tidemark')
    .setExpirationTime(claims.expires ?? '5m');
  return (claims.sub === undefined ? jwt : jwt.setSubject(claims.sub)).sign(privateKey);
}

const bearer = async (claims: Claims) => createApiClient(service.origin, await token(claims));

describe('a JWT of the configured issuer', () => {
  it('authenticates as the organisation, role and user of its claims', async () => {
    const jane = await bearer({ org: 'acme', role: 'member', sub: 'jane' });
    expect((await jane.post('/executions', { agent_id: 'a' })).json).toMatchObject({ user_id: 'jane' });
    expect((await jane.get('/settings')).status).toBe(403);
    const boss = await bearer({ org: 'acme', role: 'admin', sub: 'boss' });
    expect((await boss.get('/settings')).json.org_id).toBe('acme');
  });

  it.each<[string, Claims]>([
    ['for another audience', { org: 'acme', role: 'admin', audience: 'other' }],
    ['from another issuer', { org: 'acme', role: 'admin', issuer: 'https://evil.example' }],
    ['that has expired', { org: 'acme', role: 'admin', expires: '-1h' }],
    ['without an organisation claim', { role: 'admin' }],
    ['for an unknown organisation', { org: 'nowhere', role: 'admin' }],
    ['with an unknown role', { org: 'acme', role: 'king' }],
    ['for a member without a subject', { org: 'acme', role: 'member' }],
  ])('%s is rejected with 401', async (_, claims) => {
    const { status, json, headers } = await (await bearer(claims)).get('/settings');
    expect([status, json.type]).toEqual([401, 'urn:tidemark:problem:unauthenticated']);
    expect(headers.get('www-authenticate')).toContain('invalid_token');
  });

  it('is rejected if signed with another key, unsigned or malformed', async () => {
    const forged = await token({ org: 'acme', role: 'operator' }, otherKeys.privateKey);
    const [, payload] = (await token({ org: 'acme', role: 'operator' })).split('.');
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
    for (const bad of [forged, unsigned, 'a.b.c']) {
      expect((await createApiClient(service.origin, bad).get('/settings')).status).toBe(401);
    }
  });
});

describe('API keys', () => {
  it('are created, listed and revoked, and shown only at creation', async () => {
    const made = await admin.post('/api-keys', { name: 'shipper', role: 'ingest', scopes: ['telemetry'] });
    expect(made).toMatchObject({
      status: 201,
      json: { name: 'shipper', role: 'ingest', key: expect.stringMatching(/^tm_/) },
    });
    const shipper = createApiClient(service.origin, made.json.key);
    expect((await shipper.post('/track', {})).status).toBe(202);
    const listed = await admin.get('/api-keys');
    expect(JSON.stringify(listed.json)).not.toContain(made.json.key);
    expect(listed.json.data).toContainEqual(
      expect.objectContaining({ id: made.json.id, prefix: made.json.key.slice(0, 11), revoked_at: null }),
    );
    expect((await admin.delete(`/api-keys/${made.json.id}`)).status).toBe(204);
    expect((await shipper.post('/track', {})).status).toBe(401);
    expect((await admin.delete(`/api-keys/${made.json.id}`)).status).toBe(404);
  });

  it("do not exceed their creator's role, and are not shown again to a repeated Idempotency-Key", async () => {
    expect((await admin.post('/api-keys', { name: 'k', role: 'operator' })).status).toBe(403);
    expect((await admin.post('/api-keys', { name: 'k', role: 'member' })).json.errors[0].field).toBe('user_id');
    expect(
      (await admin.post('/api-keys', { name: 'k', role: 'admin', expires_at: '2020-01-01T00:00:00Z' })).status,
    ).toBe(400);
    const headers = { 'idempotency-key': 'key-1' };
    const [one, two] = [
      await admin.post('/api-keys', { name: 'k', role: 'ingest' }, headers),
      await admin.post('/api-keys', { name: 'k', role: 'ingest' }, headers),
    ];
    expect([one.status, two.status]).toEqual([201, 201]);
    expect(two.json.id).toBe(one.json.id);
    expect(two.json.key).toBeUndefined();
  });

  it('of another organisation can be neither listed nor revoked', async () => {
    const other = await service.clientFor('globex', 'admin');
    const { json } = await admin.post('/api-keys', { name: 'mine', role: 'ingest' });
    expect((await other.delete(`/api-keys/${json.id}`)).status).toBe(404);
    expect(JSON.stringify((await other.get('/api-keys')).json)).not.toContain(json.id);
  });
});

it('records actor, action and target in the audit log', async () => {
  const boss = await bearer({ org: 'acme', role: 'admin', sub: 'boss' });
  await boss.patch('/settings', { name: 'Acme Ltd' });
  expect((await admin.get('/settings')).json).toMatchObject({ name: 'Acme Ltd', time_zone: 'UTC' });
  const { json } = await boss.post('/api-keys', { name: 'audited', role: 'ingest' });
  await boss.delete(`/api-keys/${json.id}`);
  const log = await admin.get('/audit-log?actor=boss');
  expect(log.json.data).toMatchObject([
    { action: 'api_key.revoked', target: json.id, actor: 'boss', actor_role: 'admin', ip_address: '127.0.0.1' },
    { action: 'api_key.created', target: json.id, details: { name: 'audited', role: 'ingest' } },
    { action: 'settings.changed', details: { name: 'Acme Ltd' } },
  ]);
  const paged = await admin.get('/audit-log?actor=boss&limit=2');
  const rest = await admin.get(`/audit-log?actor=boss&limit=2&cursor=${paged.json.next_cursor}`);
  expect([paged.json.data.length, rest.json.data.length, rest.json.next_cursor]).toEqual([2, 1, null]);
  expect((await (await service.clientFor('globex', 'admin')).get('/audit-log')).json.data).not.toContainEqual(
    expect.objectContaining({ actor: 'boss' }),
  );
});

describe('a rate limit', () => {
  it.each(['memory', 'postgres'])(
    'kept in %s applies to each credential and reports the remaining requests and Retry-After',
    async (store) => {
      const small = await startService({
        workers: false,
        env: { RATE_LIMIT_PER_MINUTE: '3', RATE_LIMIT_STORE: store },
      });
      try {
        const [one, two] = [await small.clientFor('acme', 'admin'), await small.clientFor('acme', 'admin')];
        const answers = [];
        for (let n = 0; n < 5; n += 1) answers.push(await one.get('/settings'));
        expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429]);
        expect(answers.slice(0, 3).map(({ headers }) => headers.get('ratelimit-remaining'))).toEqual(['2', '1', '0']);
        expect(answers[3]?.json.type).toBe('urn:tidemark:problem:rate-limited');
        expect(Number(answers[3]?.headers.get('retry-after'))).toBeGreaterThan(0);
        expect((await two.get('/settings')).status).toBe(200);
      } finally {
        await small.close();
      }
    },
  );
});

it('sets a request id, security headers and CORS headers for allowed origins only', async () => {
  const { headers } = await admin.get('/settings', { 'x-request-id': 'abc-1', origin: 'https://app.example' });
  expect(headers.get('x-request-id')).toBe('abc-1');
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(headers.get('access-control-allow-origin')).toBe('https://app.example');
  const foreign = await admin.get('/nothing', { 'x-request-id': 'no way\u00e9', origin: 'https://evil.example' });
  expect(foreign.headers.get('access-control-allow-origin')).toBeNull();
  expect(foreign.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
});
