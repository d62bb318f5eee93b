import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { queryOnce } from '../../cli/stack/postgres.ts';
import { eventually } from '../eventually.ts';
import { startService, type TestService } from '../service/service.ts';
import { hangingServer, type Neighbour, redisLike, webServer } from './neighbours.ts';

let hanging: Neighbour;
let web: Awaited<ReturnType<typeof webServer>>;
let redis: Neighbour;
let gone: Neighbour;
let webStatus = 500;
let service: TestService;

beforeAll(async () => {
  [hanging, web, redis, gone] = await Promise.all([
    hangingServer(),
    webServer(() => webStatus),
    redisLike('p,w'),
    hangingServer(),
  ]);
  await gone.close();
  const at = (scheme: string, { port }: Neighbour, credential = '') => `${scheme}://${credential}127.0.0.1:${port}`;
  service = await startService({
    workers: false,
    env: {
      WATCHED_SERVICES: [
        `hangs=${at('http', hanging)}`,
        `redis-hangs=${at('redis', hanging)}`,
        `database-hangs=${at('postgres', hanging, 'u:p@')}/d`,
        `port=${at('tcp', hanging)}`,
        `web=${at('http', web, 'jane:p%3Aw@')}/status`,
        `cache=${at('redis', redis, ':p%2Cw@')}`,
        `cache-of-user=${at('redis', redis, 'user:p%2Cw@')}`,
        `cache-closed=${at('redis', redis)}`,
        `other-database=${inject('postgresUrl')}`,
        `gone=${at('tcp', gone)}`,
      ].join(','),
      AI_MODEL: 'gpt-4o',
      AI_MODEL_SERVICE: 'web',
    },
  });
});
afterAll(async () => {
  await service.close();
  await Promise.all([hanging, web, redis].map((neighbour) => neighbour.close()));
});

const own = { database: 'healthy', temporal: 'healthy', ingestion: 'healthy' };
const watched = {
  hangs: 'unhealthy',
  'redis-hangs': 'unhealthy',
  'database-hangs': 'unhealthy',
  port: 'healthy',
  cache: 'healthy',
  'cache-of-user': 'healthy',
  'cache-closed': 'unhealthy',
  'other-database': 'healthy',
  gone: 'unhealthy',
};

async function untilHealthSays(expected: object): Promise<void> {
  await eventually(`/health with ${JSON.stringify(expected)}`, 30_000, async () => {
    const { json } = await service.anonymous.get('/health');
    return Object.entries(expected).every(([name, status]) => json.services[name] === status) ? true : undefined;
  });
}

it('returns the last observed state of each service, and nothing more', async () => {
  const { status, json } = await service.anonymous.get('/health');
  expect(status).toBe(200);
  expect(json).toEqual({
    status: 'degraded',
    services: { ...own, ...watched, web: 'unhealthy' },
    timestamp: expect.any(String),
  });
  expect(Date.now() - Date.parse(json.timestamp)).toBeLessThan(10_000);
});

it('responds immediately while services hang', async () => {
  const durations: number[] = [];
  for (let n = 0; n < 60; n += 1) {
    const startedAt = performance.now();
    await service.anonymous.get('/health');
    durations.push(performance.now() - startedAt);
    await sleep(50);
  }
  durations.sort((a, b) => a - b);
  // A few may meet other work on the machine; what waits for a service takes seconds, and would each time.
  expect(durations[54]).toBeLessThan(50);
  expect(durations.at(-1)).toBeLessThan(1_000);
});

it('detects a recovery and a new outage, with their times', async () => {
  const admin = await service.clientFor('acme', 'admin');
  const sinceBefore = (await admin.get('/system/health')).json.services_since;
  webStatus = 302;
  await untilHealthSays({ web: 'healthy', hangs: 'unhealthy' });
  const sinceAfter = (await admin.get('/system/health')).json.services_since;
  expect(Date.parse(sinceAfter.web)).toBeGreaterThan(Date.parse(sinceBefore.web));
  expect(sinceAfter.cache).toBe(sinceBefore.cache);
  expect(web.credentials).toEqual(new Set([`Basic ${Buffer.from('jane:p:w').toString('base64')}`]));
  webStatus = 503;
  await untilHealthSays({ web: 'unhealthy' });
});

it('is unhealthy while the database accepts no connections, and recovers', async () => {
  const url = new URL(service.config.DATABASE_URL);
  const name = url.pathname.slice(1);
  const admin = inject('postgresUrl');
  await queryOnce(admin, `ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS false`);
  await queryOnce(admin, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
  await untilHealthSays({ database: 'unhealthy', temporal: 'healthy' });
  const { status, json } = await service.anonymous.get('/health');
  expect([status, json.status]).toEqual([503, 'unhealthy']);
  await queryOnce(admin, `ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS true`);
  await untilHealthSays({ database: 'healthy' });
  expect((await service.anonymous.get('/health')).json.status).toBe('degraded');
});
