import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseCsv } from '../api/csv.ts';
import { startService, type TestService } from '../service/service.ts';
import { tidemark } from '../stack/command.ts';
import { daysAgo, recordsOf, rowCounts } from './scene.ts';

let service: TestService;
beforeAll(async () => {
  service = await startService({ workers: true });
});
afterAll(() => service.close());

it('merges changed periods into the policy, where null keeps everything', async () => {
  const client = await service.clientFor('acme', 'admin');
  const changes = {
    retention: { events: 90, errors: 30 },
    legal_hold: true,
    storage_price_usd_per_gb_month: 0.023,
    usage_counters: { login: ['signed_in', 'sso'], grammar_check_features: [] },
  };
  expect((await client.patch('/settings', changes)).status).toBe(200);
  await client.patch('/settings', { retention: { events: null, sessions: 7 }, usage_counters: { quiz: ['exam'] } });
  expect((await client.get('/settings')).json).toMatchObject({
    retention: { events: null, errors: 30, sessions: 7, executions: null, rollups: null },
    legal_hold: true,
    storage_price_usd_per_gb_month: 0.023,
    usage_counters: {
      login: ['signed_in', 'sso'],
      quiz: ['exam'],
      message: ['message_sent'],
      grammar_check_features: [],
    },
    privacy: { store_ip: true },
  });
  const { data } = (await client.get('/audit-log?action=settings.changed')).json;
  expect(data.at(-1).details).toEqual(changes);
});

it.each([
  [{ retention: { events: 0 } }, 'retention.events'],
  [{ retention: { events: 1.5 } }, 'retention.events'],
  [{ retention: { tool_usages: 5 } }, 'retention.tool_usages'],
  [{ retention: 30 }, 'retention'],
  [{ legal_hold: 'yes' }, 'legal_hold'],
  [{ storage_price_usd_per_gb_month: -1 }, 'storage_price_usd_per_gb_month'],
  [{ usage_counters: { login: 'login' } }, 'usage_counters.login'],
  [{ usage_counters: { logins: [] } }, 'usage_counters.logins'],
])('rejects %j and names the field', async (changes, field) => {
  const client = await service.clientFor('refused', 'admin');
  const { status, json } = await client.patch('/settings', changes);
  expect([status, json.errors[0].field]).toEqual([400, field]);
});

it('counts logins, messages and files in user_activity by the configured event names', async () => {
  const client = await service.clientFor('counting', 'admin');
  const names = ['login', 'signed_in', 'signed_in', 'message_sent', 'file_uploaded', "it's"];
  await client.post(
    '/batch',
    names.map((event_name) => ({
      type: 'event',
      event_type: 'x',
      event_name,
      user_id: 'jane',
      occurred_at: daysAgo(1),
    })),
  );
  const counted = async () => {
    const { json } = await client.report({
      name: 'r',
      report_type: 'user_activity',
      format: 'csv',
      parameters: { days: 3 },
    });
    const { bytes } = await client.get(`/reports/${json.id}/download`);
    return parseCsv(bytes.toString('utf8'))[0];
  };
  expect(await counted()).toMatchObject({
    login_count: '1',
    message_count: '1',
    files_uploaded: '1',
    event_count: '6',
  });
  await client.patch('/settings', {
    usage_counters: { login: ['signed_in', 'login'], message: [], file_upload: ["it's"] },
  });
  expect(await counted()).toMatchObject({
    login_count: '3',
    message_count: '0',
    files_uploaded: '1',
    event_count: '6',
  });
});

it('cleans up from the command line, with periods for that run alone', async () => {
  const client = await service.clientFor('by-command', 'admin');
  await client.post('/batch', recordsOf([1, 20, 50]));
  const env = {
    DATABASE_URL: service.config.DATABASE_URL,
    TEMPORAL_ADDRESS: service.config.TEMPORAL_ADDRESS,
    TASK_QUEUE: service.config.TASK_QUEUE,
  };
  const run = async (...args: string[]) => {
    const command = tidemark(['cleanup', '--org', 'by-command', ...args], env);
    return { code: await command.ended(), output: command.output() };
  };
  const dry = await run('--events-days', '30', '--dry-run');
  expect(dry).toMatchObject({
    code: 0,
    output: expect.stringMatching(/would be removed\n {2}events before \S+: 1, about/),
  });
  expect((await rowCounts(service, 'by-command')).events).toBe(3);
  const done = await run('--days', '30', '--events-days', '10', '--metrics-days', '5');
  expect(done).toMatchObject({ code: 0, output: expect.stringMatching(/removed\n {2}events before \S+: 2\n/) });
  expect(await rowCounts(service, 'by-command')).toMatchObject({
    events: 1,
    executions: 2,
    tool_usages: 2,
    sessions: 2,
  });
  expect((await client.get('/settings')).json.retention.events).toBeNull();
  expect((await client.get('/audit-log?action=retention.cleaned')).json.data).toMatchObject([
    { actor: 'tidemark cleanup' },
  ]);
  expect(await run()).toMatchObject({ code: 0, output: expect.stringContaining('everything is kept') });
  await client.patch('/settings', { legal_hold: true });
  expect(await run('--days', '1')).toMatchObject({ code: 1, output: expect.stringContaining('legal hold') });
  expect(await run('--days', '0')).toMatchObject({ code: 1 });
});
