import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { localClock, numberOf, type Sent, telemetry, textOf } from '../metrics/telemetry.ts';
import { refreshAll } from '../rollups/facts.ts';
import type { ApiClient } from '../service/api-client.ts';
import { startService, type TestService } from '../service/service.ts';

const DAY_MS = 86_400_000;
const now = Date.now();

let service: TestService;
beforeAll(async () => {
  service = await startService({ workers: false });
});
afterAll(() => service.close());

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]) => (values.length === 0 ? null : sum(values) / values.length);
const percent = (part: number, whole: number) => (whole === 0 ? null : (100 * part) / whole);
/** Equal up to double rounding. */
const about = (value: number | null) => (value === null ? null : expect.closeTo(value, 6));
const named = (sent: readonly Sent[], name: string) => sent.filter((one) => textOf(one, 'event_name') === name);
const ofType = (sent: readonly Sent[], type: Sent['type']) => sent.filter((one) => one.type === type);
const cost = (sent: readonly Sent[]) => sum(sent.map((one) => numberOf(one, 'cost_usd')));
const isOfUser = ({ user, type }: Sent) => user !== null && type !== 'tool_usage' && type !== 'error';
const users = (sent: readonly Sent[]) => new Set(sent.filter(isOfUser).map(({ user }) => user));

function ai(sent: readonly Sent[]) {
  const usages = ofType(sent, 'ai_usage');
  const withCacheHit = usages.filter(({ record }) => record.cache_hit !== undefined);
  const seconds = mean(usages.map((one) => numberOf(one, 'latency_ms') / 1000));
  return {
    requests: usages.length,
    avg_response_time: about(seconds),
    cache_hit_rate: about(
      percent(withCacheHit.filter(({ record }) => record.cache_hit === true).length, withCacheHit.length),
    ),
    success_rate: about(percent(usages.filter(({ record }) => record.success === true).length, usages.length)),
    total_tokens: sum(usages.map((one) => numberOf(one, 'input_tokens') + numberOf(one, 'output_tokens'))),
    total_cost: about(cost(usages)),
  };
}

function scenarios(sent: readonly Sent[]) {
  const idOf = ({ record }: Sent) => String(Object(record.properties).scenario_id);
  const all = sent.filter(({ record }) => record.properties !== undefined);
  return [...Map.groupBy(all, idOf)]
    .map(([scenario_id, rows]) => {
      const started = named(rows, 'scenario_started').length;
      const latest = rows.toSorted((a, b) => b.at - a.at)[0];
      const rate = Math.min(100, percent(named(rows, 'scenario_completed').length, started) ?? 0);
      const name = String(Object(latest?.record.properties).name);
      return { scenario_id, name, start_count: started, completion_rate: about(rate) };
    })
    .filter(({ start_count }) => start_count > 0)
    .sort((a, b) => b.start_count - a.start_count || (a.scenario_id < b.scenario_id ? -1 : 1));
}

function featureDays(sent: readonly Sent[], dayOf: (ms: number) => string) {
  const events = ofType(sent, 'event').filter((one) => textOf(one, 'feature') !== undefined);
  return [...Map.groupBy(events, (one) => JSON.stringify([dayOf(one.at), textOf(one, 'feature')]))]
    .map(([key, rows]) => {
      const [date, feature]: string[] = JSON.parse(key);
      const timed = rows.filter(({ record }) => record.duration_ms !== undefined);
      return {
        feature: String(feature),
        date: String(date),
        usage_count: rows.length,
        unique_users: users(rows).size,
        avg_duration_ms: about(mean(timed.map((one) => numberOf(one, 'duration_ms')))),
      };
    })
    .sort((a, b) => (a.date === b.date ? (a.feature < b.feature ? -1 : 1) : a.date < b.date ? 1 : -1));
}

async function pages(client: ApiClient, query: string, limit: number) {
  const rows: { feature: string; usage_count: number }[] = [];
  let cursor = '';
  do {
    const { status, json } = await client.get(`/feature-usage?${query}&limit=${limit}${cursor}`);
    expect(status, JSON.stringify(json)).toBe(200);
    rows.push(...json.data);
    cursor = json.next_cursor ? `&cursor=${json.next_cursor}` : '';
  } while (cursor);
  return rows;
}

describe.each([
  ['kathmandu', 'Asia/Kathmandu'],
  ['utc', 'UTC'],
])('in %s', (orgId, timeZone) => {
  const { dayOf } = localClock(timeZone);
  const sent = telemetry({ seed: orgId.length, count: 3_000, fromMs: now - 35 * DAY_MS, toMs: now - 1_000, users: 9 });
  const start = new Date(now - 12.3 * DAY_MS).toISOString();
  const end = new Date(now - 0.02 * DAY_MS).toISOString();
  const odd = `start_date=${encodeURIComponent(start)}&end_date=${encodeURIComponent(end)}`;
  const first = dayOf(now - 6 * DAY_MS);
  const last = dayOf(now);
  const whole = `start_date=${first}&end_date=${last}`;
  const within = (fromMs: number, toMs: number) => sent.filter(({ at }) => at >= fromMs && at < toMs);
  const rowsOf = (query: string) =>
    query === odd
      ? within(Date.parse(start), Date.parse(end))
      : sent.filter(({ at }) => dayOf(at) >= first && dayOf(at) <= last);
  let admin: ApiClient;

  async function checkMetrics(query: string) {
    const rows = rowsOf(query);
    const { json } = await admin.get(`/metrics?${query}`);
    const endMs = Date.parse(json.range.end);
    const { requests, avg_response_time, cache_hit_rate } = ai(rows);
    expect(json.ai).toMatchObject({ model: 'model-x', total_requests: requests, avg_response_time, cache_hit_rate });
    const lastFive = ofType(sent, 'ai_usage')
      .filter(({ at }) => at < endMs && at >= endMs - DAY_MS)
      .sort((a, b) => b.at - a.at)
      .slice(0, 5);
    expect(json.ai.is_available).toBe(
      lastFive.length === 0 ? null : lastFive.some(({ record }) => record.success === true),
    );
    expect(json.usage).toEqual({
      total_users: users(within(0, endMs)).size,
      active_users_24h: users(within(endMs - DAY_MS, endMs)).size,
      total_scenarios: named(rows, 'scenario_started').length,
      active_conversations: Math.max(
        0,
        named(rows, 'conversation_started').length - named(rows, 'conversation_ended').length,
      ),
      total_quizzes_taken: named(rows, 'quiz_taken').length,
      total_grammar_checks: rows.filter((one) => textOf(one, 'feature') === 'grammar').length,
    });
    for (const value of Object.values(json.system)) expect(value).toEqual(expect.any(Number));
  }

  async function checkDashboard(query: string) {
    const { json } = await admin.get(`/dashboard/stats?${query}`);
    const endMs = Date.parse(json.range.end);
    const today = sent.filter(({ at }) => at < endMs && dayOf(at) === dayOf(endMs - 1));
    const month = sent.filter(({ at }) => at < endMs && dayOf(at).slice(0, 7) === dayOf(endMs - 1).slice(0, 7));
    const week = within(endMs - 7 * DAY_MS, endMs);
    const day = within(endMs - DAY_MS, endMs);
    const before = users(within(0, endMs - 7 * DAY_MS));
    const errorTypes = new Set(ofType(rowsOf(query), 'error').map((one) => textOf(one, 'exception_type')));
    expect(json).toMatchObject({
      users: {
        total: users(within(0, endMs)).size,
        active_24h: users(day).size,
        new_7d: [...users(week)].filter((user) => !before.has(user)).length,
      },
      events: { today: ofType(today, 'event').length, last_7d: ofType(week, 'event').length },
      executions: { today: ofType(today, 'execution').length, last_7d: ofType(week, 'execution').length },
      errors: { open: [...errorTypes].filter((type) => type !== 'Late').length, last_24h: ofType(day, 'error').length },
      costs: { today: about(cost(today)), month: about(cost(month)) },
      reports: { running: 1, completed_7d: 0 },
    });
    expect(json.system.uptime_seconds).toBeGreaterThan(0);
  }

  async function check() {
    for (const query of [odd, whole]) {
      const rows = rowsOf(query);
      await checkMetrics(query);
      await checkDashboard(query);
      const features = [...Map.groupBy(ofType(rows, 'ai_usage'), (one) => textOf(one, 'feature'))]
        .map(([feature, usages]) => ({ feature, ...ai(usages) }))
        .sort((a, b) => b.requests - a.requests || (String(a.feature) < String(b.feature) ? -1 : 1));
      expect((await admin.get(`/ai-features?${query}`)).json.features).toEqual(features);
      expect((await admin.get(`/popular-scenarios?limit=3&${query}`)).json).toEqual(scenarios(rows).slice(0, 3));
      expect(await pages(admin, query, 4)).toEqual(featureDays(rows, dayOf));
    }
  }

  it('matches the sent records unrefreshed, half refreshed and fully refreshed', { timeout: 120_000 }, async () => {
    admin = await service.clientFor(orgId, 'admin');
    await admin.patch('/settings', { time_zone: timeZone });
    const records = sent.map(({ record }) => record);
    await admin.post('/batch', records.slice(0, 1200));
    await refreshAll(service.orm, orgId);
    expect((await admin.post('/batch', records.slice(1200))).json).toMatchObject({ accepted: 1800, rejected: 0 });
    const ignored = (await admin.get('/errors?days=40&exception_type=Late&limit=1')).json.data[0];
    await admin.patch(`/errors/${ignored.id}`, { status: 'ignored' });
    await admin.post('/reports', { name: 'waits', report_type: 'events', format: 'csv' });
    await check();
    await refreshAll(service.orm, orgId);
    await check();
    // Late records, spread over refreshed days.
    const late = telemetry({ seed: 99, count: 15, fromMs: now - 35 * DAY_MS, toMs: now - 1_000, users: 9 });
    sent.push(...late);
    const later = await admin.post(
      '/batch',
      late.map(({ record }) => record),
    );
    expect(later.json).toMatchObject({ accepted: 15 });
    await check();
  });

  it('filters feature usage by user, name and numeric bounds', async () => {
    const all = featureDays(rowsOf(whole), dayOf);
    expect(await pages(admin, `${whole}&feature=chat`, 3)).toEqual(all.filter(({ feature }) => feature === 'chat'));
    expect(await pages(admin, `${whole}&search=HOM`, 3)).toEqual(all.filter(({ feature }) => feature === 'Home'));
    expect(await pages(admin, `${whole}&min_usage_count=4&max_unique_users=5`, 3)).toEqual(
      all.filter((row) => row.usage_count >= 4 && row.unique_users <= 5),
    );
    const own = rowsOf(whole).filter(({ user }) => user === 'user-1');
    expect(await pages(admin, `${whole}&user_id=user-1`, 3)).toEqual(featureDays(own, dayOf));
  });

  it('returns no data to another organisation', async () => {
    const other = await service.clientFor('stranger', 'admin');
    expect((await other.get('/metrics?days=40')).json).toMatchObject({
      ai: { model: null, is_available: null, total_requests: 0, avg_response_time: null, cache_hit_rate: null },
      usage: { total_users: 0, active_users_24h: 0, total_quizzes_taken: 0 },
    });
    expect((await other.get('/dashboard/stats')).json).toMatchObject({ users: { total: 0 }, errors: { open: 0 } });
    expect((await other.get('/ai-features?days=40')).json.features).toEqual([]);
    expect((await other.get('/popular-scenarios?days=40')).json).toEqual([]);
    expect((await other.get('/feature-usage?days=40')).json.data).toEqual([]);
  });
});

it('describes every metric of the catalog with its dimensions', async () => {
  const admin = await service.clientFor('utc', 'admin');
  const { json } = await admin.get('/metric-catalog');
  const byName = new Map(json.data.map((metric: { name: string }) => [metric.name, metric]));
  expect(byName.size).toBe(json.data.length);
  expect(byName.get('executions.success_rate')).toMatchObject({
    aliases: ['success_rate'],
    unit: 'percent',
    kind: 'ratio',
    dimensions: expect.arrayContaining(['agent', 'agent_tag', 'hour_of_day', 'status', 'user']),
  });
  expect(byName.get('users.total')).toMatchObject({ kind: 'gauge', dimensions: [] });
  expect(byName.get('costs.total')).toMatchObject({ kind: 'additive', unit: 'usd' });
  expect(byName.get('executions.per_hour')).toMatchObject({
    aliases: ['queries_per_hour'],
    unit: 'per_hour',
    kind: 'rate',
    dimensions: expect.not.arrayContaining(['hour_of_day']),
  });
  expect(byName.get('sessions.avg_events')).toMatchObject({
    kind: 'ratio',
    dimensions: expect.arrayContaining(['user']),
  });
  expect(byName.get('users.returning')).toMatchObject({ kind: 'distinct', unit: 'count', dimensions: [] });
  expect(byName.get('users.returning_rate')).toMatchObject({ kind: 'ratio', unit: 'percent', dimensions: [] });
  const names = json.data.flatMap(({ name, aliases }: { name: string; aliases: string[] }) => [name, ...aliases]);
  expect(new Set(names).size, 'a name means one metric').toBe(names.length);
});

it('reports a model as unavailable while all of its latest requests fail', async () => {
  const admin = await service.clientFor('outage', 'admin');
  const usage = (n: number, success: boolean) => ({
    type: 'ai_usage',
    feature: 'chat',
    model: 'm',
    success,
    latency_ms: 10,
    occurred_at: new Date(now - n * 60_000).toISOString(),
  });
  await admin.post('/batch', [usage(9, true), ...[8, 7, 6, 5].map((n) => usage(n, false))]);
  const isAvailable = async () => (await admin.get('/metrics')).json.ai.is_available;
  expect(await isAvailable()).toBe(true);
  await admin.post('/batch', [usage(4, false)]);
  expect(await isAvailable()).toBe(false);
});

it.each([
  '/metrics?limit=3',
  '/metrics?days=401',
  '/metric-catalog?days=3',
  '/dashboard/stats?start_date=2026-02-01',
  '/ai-features?period=weekly',
  '/popular-scenarios?limit=many',
  '/feature-usage?cursor=x',
  '/feature-usage?max_usage_count=few',
])('rejects %s with 400', async (path) => {
  const admin = await service.clientFor('utc', 'admin');
  expect((await admin.get(path)).status).toBe(400);
});
