import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Route } from '../../api/route.ts';
import { routes } from '../../api/routes/index.ts';
import { dbOf } from '../../shared/db/orm.ts';
import { ROLES, type Role } from '../../shared/domain/roles.ts';
import { createApiKey, revokeApiKey } from '../../shared/organisations/api-keys.ts';
import { type ApiClient, createApiClient } from '../service/api-client.ts';
import { startService, type TestService } from '../service/service.ts';

/**
 * Every route of the API with the lowest role that may call it and an example request on data of the organisation
 * `acme`. A route that is missing here fails the test: each new route has to declare its access.
 */
const table: Record<string, { least: Role | 'nobody'; path?: string; body?: object }> = {
  'GET /health': { least: 'nobody' },
  'GET /system/health': { least: 'admin' },
  'GET /metrics/history': { least: 'admin' },
  'GET /metrics': { least: 'admin' },
  'GET /metric-catalog': { least: 'admin' },
  'POST /query': { least: 'member', body: { metrics: ['executions.count'] } },
  'GET /dashboard/stats': { least: 'admin' },
  'GET /top-users': { least: 'admin' },
  'GET /popular-scenarios': { least: 'admin' },
  'GET /user-activity': { least: 'member' },
  'GET /user-activity/stats': { least: 'member' },
  'GET /feature-usage': { least: 'admin' },
  'GET /ai-features': { least: 'admin' },
  'GET /system-metrics': { least: 'admin' },
  'POST /system-metrics/generate': { least: 'admin', body: { date: '2026-01-01' } },
  'POST /events': { least: 'ingest', body: { event_type: 'x', event_name: 'y' } },
  'POST /track': { least: 'ingest', body: {} },
  'POST /batch': { least: 'ingest', body: [] },
  'POST /log-ai-usage': { least: 'ingest', body: { feature: 'f', success: true, latency_ms: 1 } },
  'POST /executions': { least: 'ingest', body: { agent_id: 'a' } },
  'PATCH /executions/:id': { least: 'ingest', path: '/executions/e1', body: { steps: 1 } },
  'POST /tool-usages': { least: 'ingest', body: { tool_name: 't', execution_id: 'e1', status: 'success' } },
  'PATCH /tool-usages/:id': { least: 'ingest', path: '/tool-usages/t1', body: { cost_usd: 1 } },
  'POST /workflows': { least: 'ingest', body: { workflow_type: 'w', agents_involved: [], status: 'success' } },
  'PATCH /workflows/:id': { least: 'ingest', path: '/workflows/w1', body: { total_tool_calls: 1 } },
  'POST /sessions': { least: 'ingest', body: { session_id: 's2' } },
  'PATCH /sessions/:id': { least: 'ingest', path: '/sessions/s1', body: { ended_at: '2100-01-01T00:00:00Z' } },
  'POST /errors/log': { least: 'ingest', body: { level: 'ERROR', message: 'm' } },
  'POST /api-calls': { least: 'ingest', body: { method: 'GET', path: '/', status_code: 200, duration_ms: 1 } },
  'PUT /users/:id': { least: 'ingest', path: '/users/jane', body: { name: 'Jane' } },
  'PUT /agents/:id': { least: 'ingest', path: '/agents/a', body: { name: 'Ada' } },
  'GET /executions': { least: 'member' },
  'GET /executions/:id': { least: 'member', path: '/executions/e1' },
  'GET /events': { least: 'member' },
  'GET /errors': { least: 'admin' },
  'GET /errors/stats': { least: 'admin' },
  'GET /errors/:id': { least: 'admin', path: '/errors/err1' },
  'PATCH /errors/:id': { least: 'admin', path: '/errors/err1', body: { status: 'ignored' } },
  'POST /reports': { least: 'admin', body: {} },
  'GET /reports': { least: 'admin' },
  'GET /reports/:id': { least: 'admin', path: '/reports/{report}' },
  'GET /reports/:id/download': { least: 'admin', path: '/reports/{report}/download' },
  'POST /reports/:id/cancel': { least: 'admin', path: '/reports/{report}/cancel' },
  'DELETE /reports/:id': { least: 'admin', path: '/reports/{report}' },
  'GET /settings': { least: 'admin' },
  'PATCH /settings': { least: 'admin', body: {} },
  'GET /api-keys': { least: 'admin' },
  'POST /api-keys': { least: 'admin', body: { name: 'k', role: 'ingest' } },
  'DELETE /api-keys/:id': { least: 'admin', path: '/api-keys/{report}' },
  'GET /audit-log': { least: 'admin' },
  'POST /users/:id/erase': { least: 'admin' },
  'GET /erasures/:id': { least: 'admin', path: '/erasures/{erasure}' },
  'GET /workflow-runs': { least: 'admin' },
  'POST /workflow-runs/rollup': { least: 'admin', body: {} },
  'POST /workflow-runs/verify': { least: 'admin', body: {} },
  'POST /workflow-runs/backfill': { least: 'admin', body: { start_date: '2026-01-01', end_date: '2026-01-01' } },
  'POST /workflow-runs/retention': { least: 'admin', body: { dry_run: true } },
  'GET /workflow-runs/:id': { least: 'admin', path: '/workflow-runs/report%2F{report}' },
  'POST /workflow-runs/:id/pause': { least: 'admin', path: '/workflow-runs/report%2F{report}/pause' },
  'POST /workflow-runs/:id/resume': { least: 'admin', path: '/workflow-runs/report%2F{report}/resume' },
  'POST /workflow-runs/:id/cancel': { least: 'admin', path: '/workflow-runs/report%2F{report}/cancel' },
};

const nameOf = (route: Route) => `${route.method} ${route.path}`;

let service: TestService;
let report = '';
let erasure = '';
/** The path with the ids of existing objects filled in. */
const named = (path: string) => path.replace('{report}', report).replace('{erasure}', erasure);

beforeAll(async () => {
  service = await startService({ workers: false });
  const admin = await service.clientFor('acme', 'admin');
  await admin.post('/batch', [
    { type: 'execution', execution_id: 'e1', agent_id: 'a', user_id: 'jane' },
    { type: 'execution', execution_id: 'e2', agent_id: 'a', user_id: 'john' },
    { type: 'tool_usage', usage_id: 't1', tool_name: 't', execution_id: 'e1', status: 'in_progress' },
    {
      type: 'workflow',
      workflow_id: 'w1',
      workflow_type: 'w',
      agents_involved: [],
      status: 'in_progress',
      user_id: 'jane',
    },
    { type: 'session', session_id: 's1', user_id: 'jane' },
    { type: 'error', error_id: 'err1', level: 'ERROR', message: 'm' },
  ]);
  report = (await admin.post('/reports', { name: 'r', report_type: 'events', format: 'csv' })).json.id;
  erasure = (await admin.post('/users/nobody/erase')).json.id;
});
afterAll(() => service.close());

async function call(client: ApiClient, name: string): Promise<number> {
  const [method = '', path = ''] = name.split(' ');
  const example = table[name];
  const { status } = await client.send(method, named(example?.path ?? path), example?.body);
  return status;
}

it('lists every route', () => {
  expect(routes.map(nameOf).sort()).toEqual(Object.keys(table).sort());
});

describe.each(Object.entries(table))('%s', (name, { least }) => {
  it('answers 401 without a credential or with an unknown one', async () => {
    const unknown = createApiClient(service.origin, 'tm_nobody');
    const expected = least === 'nobody' ? 200 : 401;
    expect([await call(service.anonymous, name), await call(unknown, name)]).toEqual([expected, expected]);
  });

  it(`requires at least the role ${least}`, async () => {
    for (const role of ROLES) {
      const client = await service.clientFor('acme', role, { userId: 'jane' });
      const allowed = least === 'nobody' || ROLES.indexOf(role) >= ROLES.indexOf(least);
      // Only the last role sends DELETE: the other roles still need the object.
      if (name.startsWith('DELETE') && allowed) continue;
      const status = await call(client, name);
      if (allowed) expect(status, role).not.toBeOneOf([401, 403, 404, 405, 500, 503]);
      else expect(status, role).toBe(403);
    }
  });

  it("denies an admin of another organisation access to this one's data", async () => {
    const other = await service.clientFor('globex', 'admin');
    const status = await call(other, name);
    const namesAThing = table[name]?.path !== undefined && !name.startsWith('PUT');
    if (namesAThing) expect(status).toBe(404);
    else expect(status).not.toBeOneOf([401, 500]);
  });
});

it.each(Object.entries(table).filter(([, { least }]) => least !== 'nobody'))(
  '%s rejects a link with a forged signature in place of a credential',
  async (name, example) => {
    const [method = '', path = ''] = name.split(' ');
    const link = `${named(example.path ?? path)}?org_id=acme&expires=9999999999&signature=${'A'.repeat(43)}`;
    expect((await service.anonymous.send(method, link, example.body)).status).toBe(401);
  },
);

describe('a member', () => {
  it('reads and updates only its own records', async () => {
    const jane = await service.clientFor('acme', 'member', { userId: 'jane' });
    expect((await jane.get('/executions/e1')).status).toBe(200);
    expect((await jane.get('/executions/e2')).status).toBe(404);
    expect((await jane.patch('/executions/e2', { steps: 1 })).status).toBe(404);
    expect((await jane.patch('/tool-usages/t1', { status: 'success' })).status).toBe(200);
    const users = (await jane.get('/executions')).json.data.map((row: { user_id: string }) => row.user_id);
    expect(new Set(users)).toEqual(new Set(['jane']));
    expect((await jane.get('/executions?user_id=john')).status).toBe(403);
  });

  it('writes records only under its own user id', async () => {
    const jane = await service.clientFor('acme', 'member', { userId: 'jane' });
    expect((await jane.post('/executions', { agent_id: 'a' })).json.user_id).toBe('jane');
    expect((await jane.post('/executions', { agent_id: 'a', user_id: 'john' })).status).toBe(403);
    expect((await jane.put('/users/john', { name: 'J' })).status).toBe(403);
    const { json } = await jane.post('/batch', [{ type: 'event', event_type: 'x', event_name: 'y', user_id: 'john' }]);
    expect(json).toMatchObject({ rejected: 1, errors: [{ field: 'user_id' }] });
  });
});

describe('an API key', () => {
  it('is limited to its scopes', async () => {
    const narrow = await service.clientFor('acme', 'admin', { scopes: ['telemetry'] });
    expect((await narrow.post('/track', {})).status).toBe(202);
    expect((await narrow.get('/reports')).status).toBe(403);
  });

  it('is rejected once it is expired or revoked', async () => {
    const em = service.orm.em.fork();
    const attributes = { orgId: 'acme', role: 'admin', name: 'short' } as const;
    const expired = await createApiKey(em, { ...attributes, expiresAt: new Date(Date.now() - 1000) });
    const revoked = await createApiKey(em, attributes);
    expect((await createApiClient(service.origin, revoked.key).get('/settings')).status).toBe(200);
    expect(await revokeApiKey(em, revoked.record.id)).toBe(true);
    for (const { key } of [expired, revoked]) {
      expect((await createApiClient(service.origin, key).get('/settings')).status).toBe(401);
    }
  });

  it('is stored only as its SHA-256', async () => {
    const { key } = await createApiKey(service.orm.em.fork(), { orgId: 'acme', role: 'admin', name: 'k' });
    const rows = await dbOf(service.orm.em.fork()).selectFrom('api_keys').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(key.slice(11));
  });
});

it('answers unknown paths, methods and parameters with problem documents', async () => {
  const admin = await service.clientFor('acme', 'admin');
  for (const [method, path, status] of [
    ['GET', '/nothing', 404],
    ['DELETE', '/executions', 405],
    ['GET', '/executions?colour=red', 400],
    ['GET', '/executions?cursor=bm90aGluZw', 400],
    ['GET', '/reports?cursor=WyIyMDI2LTAxLTAxVDAwOjAwOjAwLjAwMFoiLCJ4Il0', 400],
    ['GET', '/executions?days=3&period=7d', 400],
    ['GET', '/executions?start_date=2026-02-01&end_date=2026-01-01', 400],
    ['GET', '/executions?days=401', 400],
    ['GET', '/reports/no-uuid', 404],
    ['GET', '/executions/%00', 404],
    ['GET', '/executions/%E0%A4%A', 404],
    ['POST', '/events?debug=1', 400],
  ] as const) {
    const { status: answered, headers, json } = await admin.send(method, path, method === 'POST' ? {} : undefined);
    expect([path, answered]).toEqual([path, status]);
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(json).toMatchObject({ status, type: expect.stringMatching(/^urn:tidemark:problem:/) });
  }
});
