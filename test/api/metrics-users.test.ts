import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { localClock, type Sent, telemetry, textOf } from '../metrics/telemetry.ts';
import { refreshAll } from '../rollups/facts.ts';
import type { ApiClient } from '../service/api-client.ts';
import { startService, type TestService } from '../service/service.ts';

/** The days of both zones start in the middle of a UTC hour. */
const ZONES = { kolkata: 'Asia/Kolkata', 'saint-johns': 'America/St_Johns' } as const;
const DAY_MS = 86_400_000;
const now = Date.now();

let service: TestService;
beforeAll(async () => {
  service = await startService({ workers: true });
});
afterAll(() => service.close());

const MEASURES = [
  'login_count',
  'message_count',
  'files_uploaded',
  'session_count',
  'session_duration_sec',
  'event_count',
  'execution_count',
] as const;
type Measures = Record<(typeof MEASURES)[number], number>;

function measuresOf(sent: readonly Sent[]): Measures {
  const named = (name: string) => sent.filter((one) => textOf(one, 'event_name') === name).length;
  const sessions = sent.filter(({ type }) => type === 'session');
  const lengths = sessions.map((one) => Date.parse(textOf(one, 'ended_at') ?? new Date(one.at).toISOString()) - one.at);
  return {
    login_count: named('login'),
    message_count: named('message_sent'),
    files_uploaded: named('file_uploaded'),
    session_count: sessions.length,
    session_duration_sec: lengths.reduce((sum, ms) => sum + ms, 0) / 1000,
    event_count: sent.filter(({ type }) => type === 'event').length,
    execution_count: sent.filter(({ type }) => type === 'execution').length,
  };
}

const isActivity = ({ type }: Sent) => type === 'event' || type === 'session' || type === 'execution';

/** One row for each user and day, latest day first, computed from the sent records alone. */
function userDays(sent: readonly Sent[], dayOf: (ms: number) => string) {
  const own = sent.filter((one) => one.user !== null && isActivity(one));
  const days = Map.groupBy(own, (one) => JSON.stringify([dayOf(one.at), one.user]));
  return [...days]
    .map(([key, rows]) => {
      const [date, user_id]: string[] = JSON.parse(key);
      return { user_id: String(user_id), date: String(date), ...measuresOf(rows) };
    })
    .sort((a, b) => (a.date === b.date ? (a.user_id < b.user_id ? -1 : 1) : a.date < b.date ? 1 : -1));
}

function topUsers(sent: readonly Sent[], limit: number) {
  const counted = sent.filter((one) => one.user !== null && (isActivity(one) || one.type === 'ai_usage'));
  return [...Map.groupBy(counted, ({ user }) => user)]
    .map(([user_id, rows]) => ({
      user_id,
      email: user_id === 'user-1' ? 'one@example.com' : null,
      activity_count: rows.length,
      last_active: new Date(Math.max(...rows.map(({ at }) => at))).toISOString(),
    }))
    .sort((a, b) => b.activity_count - a.activity_count || (String(a.user_id) < String(b.user_id) ? -1 : 1))
    .slice(0, limit);
}

function mostActiveHour(sent: readonly Sent[], hourOf: (ms: number) => number): number | null {
  const hours = [...Map.groupBy(sent.filter(isActivity), ({ at }) => hourOf(at))].map(([hour, rows]) => ({
    hour,
    count: rows.length,
  }));
  return hours.sort((a, b) => b.count - a.count || a.hour - b.hour)[0]?.hour ?? null;
}

async function pages(client: ApiClient, query: string, limit: number) {
  const rows: (Measures & { user_id: string; date: string })[] = [];
  let cursor = '';
  do {
    const { status, json } = await client.get(`/user-activity?${query}&limit=${limit}${cursor}`);
    expect(status, JSON.stringify(json)).toBe(200);
    rows.push(...json.data);
    cursor = json.next_cursor ? `&cursor=${json.next_cursor}` : '';
  } while (cursor);
  return rows;
}

describe.each(Object.entries(ZONES))('in %s', (orgId, timeZone) => {
  const { dayOf, hourOf } = localClock(timeZone);
  const sent = telemetry({ seed: timeZone.length, count: 3_000, fromMs: now - 9 * DAY_MS, toMs: now, users: 7 });
  // A day without activity ends every streak.
  const gap = dayOf(now - 4 * DAY_MS);
  const kept = sent.filter(({ at }) => dayOf(at) !== gap);
  const ranges = [
    [
      `start_date=${dayOf(now - 8 * DAY_MS)}&end_date=${dayOf(now - DAY_MS)}`,
      dayOf(now - 8 * DAY_MS),
      dayOf(now - DAY_MS),
    ],
    [`start_date=${dayOf(now - DAY_MS)}&end_date=${dayOf(now)}`, dayOf(now - DAY_MS), dayOf(now)],
  ] as const;
  const oddStart = new Date(now - 5.31 * DAY_MS).toISOString();
  const oddEnd = new Date(now - 1.07 * DAY_MS).toISOString();
  const odd = `start_date=${encodeURIComponent(oddStart)}&end_date=${encodeURIComponent(oddEnd)}`;
  const ownRows = (query: string, stored: readonly Sent[]) => {
    if (query === odd) return stored.filter(({ at }) => at >= Date.parse(oddStart) && at < Date.parse(oddEnd));
    const [, first, last] = ranges.find(([text]) => text === query) ?? ['', '', ''];
    return stored.filter(({ at }) => dayOf(at) >= first && dayOf(at) <= last);
  };
  const within = (query: string) => ownRows(query, kept);
  let admin: ApiClient;

  async function check(stored: readonly Sent[] = kept) {
    const within = (query: string) => ownRows(query, stored);
    for (const query of [...ranges.map(([text]) => text), odd]) {
      const rows = within(query);
      expect(await pages(admin, query, 9)).toEqual(userDays(rows, dayOf));
      const top = (await admin.get(`/top-users?limit=4&${query}`)).json;
      expect(top).toEqual(topUsers(rows, 4));
      for (const user of ['user-0', undefined]) {
        const own = rows.filter((one) => user === undefined || one.user === user);
        const { json } = await admin.get(`/user-activity/stats?${query}${user ? `&user_id=${user}` : ''}`);
        const features = Map.groupBy(
          own.filter((one) => one.type === 'event' && textOf(one, 'feature') !== undefined),
          (one) => textOf(one, 'feature'),
        );
        expect(json.totals).toEqual({
          ...measuresOf(own),
          session_duration_sec: expect.closeTo(measuresOf(own).session_duration_sec, 6),
        });
        expect(json.active_days).toBe(new Set(own.filter(isActivity).map(({ at }) => dayOf(at))).size);
        expect(json.most_active_hour).toBe(mostActiveHour(own, hourOf));
        expect(
          new Map(json.top_features.map((one: { feature: string; count: number }) => [one.feature, one.count])),
        ).toEqual(new Map([...features].map(([feature, events]) => [feature, events.length])));
      }
    }
    const stats = (await admin.get('/user-activity/stats?user_id=user-0')).json;
    const active = new Set(stored.filter((one) => one.user === 'user-0' && isActivity(one)).map(({ at }) => dayOf(at)));
    expect(stats.streak_days).toBe([0, 1, 2, 3].filter((days) => active.has(dayOf(now - days * DAY_MS))).length);
  }

  it('matches the sent records half refreshed, refreshed except for late records, and fully refreshed', {
    timeout: 120_000,
  }, async () => {
    admin = await service.clientFor(orgId, 'admin');
    await admin.patch('/settings', { time_zone: timeZone });
    await admin.put('/users/user-1', { email: 'one@example.com' });
    const records = kept.map(({ record }) => record);
    expect((await admin.post('/batch', records.slice(0, 1500))).json).toMatchObject({ accepted: 1500 });
    await refreshAll(service.orm, orgId);
    const rest = (await admin.post('/batch', records.slice(1500, -20))).json;
    expect(rest).toMatchObject({ rejected: 0 });
    await check(kept.slice(0, -20));
    await refreshAll(service.orm, orgId);
    // A few late records, spread over refreshed days.
    await admin.post('/batch', records.slice(-20));
    await check();
    await refreshAll(service.orm, orgId);
    await check();
  });

  it('equals the user_activity report row by row', async () => {
    for (const parameters of [
      { start_date: dayOf(now - 8 * DAY_MS), end_date: dayOf(now - 2 * DAY_MS) },
      { start_date: oddStart, end_date: oddEnd },
    ]) {
      const asked = { name: 'u', report_type: 'user_activity', format: 'json', parameters };
      const { json } = await admin.report(asked);
      const reported: { user_id: string; date: string }[] = JSON.parse(
        (await admin.get(`/reports/${json.id}/download`)).bytes.toString('utf8'),
      );
      const rows = await pages(admin, new URLSearchParams(parameters).toString(), 50);
      const order = (a: { user_id: string; date: string }, b: { user_id: string; date: string }) =>
        a.date === b.date ? (a.user_id < b.user_id ? -1 : 1) : a.date < b.date ? -1 : 1;
      expect(rows.sort(order)).toEqual(reported.sort(order));
      expect(rows.length).toBeGreaterThan(10);
    }
  });

  it('filters by user, by part of a user id and by numeric bounds', async () => {
    const query = ranges[0][0];
    const all = userDays(within(query), dayOf);
    expect(await pages(admin, `${query}&user_id=user-2`, 5)).toEqual(all.filter((row) => row.user_id === 'user-2'));
    expect(await pages(admin, `${query}&search=SER-3`, 5)).toEqual(all.filter((row) => row.user_id === 'user-3'));
    expect(await pages(admin, `${query}&min_event_count=9&max_session_count=2`, 5)).toEqual(
      all.filter((row) => row.event_count >= 9 && row.session_count <= 2),
    );
  });

  it('limits a member to its own activity, and returns none to another organisation', async () => {
    const member = await service.clientFor(orgId, 'member', { userId: 'user-1' });
    const query = ranges[0][0];
    const own = within(query).filter(({ user }) => user === 'user-1');
    expect(await pages(member, query, 50)).toEqual(userDays(own, dayOf));
    expect((await member.get(`/user-activity/stats?${query}`)).json.totals.event_count).toBe(
      measuresOf(own).event_count,
    );
    for (const path of ['/user-activity', '/user-activity/stats']) {
      expect((await member.get(`${path}?user_id=user-2`)).status).toBe(403);
      expect((await member.get(`${path}?user_id=user-1`)).status).toBe(200);
    }
    const other = await service.clientFor('stranger', 'admin');
    expect((await other.get('/user-activity?days=30')).json.data).toEqual([]);
    expect((await other.get('/top-users?days=30')).json).toEqual([]);
    const nothing = (await other.get('/user-activity/stats?days=30&user_id=user-1')).json;
    expect(nothing).toMatchObject({ active_days: 0, most_active_hour: null, top_features: [], streak_days: 0 });
  });
});

it('applies changed usage counters from the next request on', async () => {
  const admin = await service.clientFor('renamed', 'admin');
  const at = new Date(now - 3_600_000).toISOString();
  const event = (event_name: string) => ({
    type: 'event',
    event_type: 'x',
    event_name,
    user_id: 'jane',
    occurred_at: at,
  });
  await admin.post('/batch', [event('signed_in'), event('login'), event('login')]);
  const logins = async () => (await admin.get('/user-activity')).json.data[0].login_count;
  expect(await logins()).toBe(2);
  await admin.patch('/settings', { usage_counters: { login: ['signed_in', 'login'] } });
  expect(await logins()).toBe(3);
  expect((await admin.get('/user-activity/stats')).json.totals.login_count).toBe(3);
  await admin.patch('/settings', { usage_counters: { login: [] } });
  await refreshAll(service.orm, 'renamed');
  expect(await logins()).toBe(0);
});

it('counts a streak beyond the range, and does not end it on a day without activity today', async () => {
  const admin = await service.clientFor('streak', 'admin');
  const noon = (days: number) => `${new Date(now - days * DAY_MS).toISOString().slice(0, 10)}T12:00:00Z`;
  const events = Array.from({ length: 30 }, (_, n) => ({
    type: 'event',
    event_type: 'x',
    event_name: 'y',
    user_id: 'jane',
    occurred_at: noon(n + 1),
  }));
  await admin.post('/batch', events);
  const streak = async (more = '') => (await admin.get(`/user-activity/stats?days=2${more}`)).json.streak_days;
  expect([await streak(), await streak('&user_id=jane')]).toEqual([30, 30]);
  await refreshAll(service.orm, 'streak');
  expect([await streak(), await streak('&user_id=jane'), await streak('&user_id=john')]).toEqual([30, 30, 0]);
});

it('finds an anonymised user by id and by pseudonym', async () => {
  const admin = await service.clientFor('private', 'admin');
  await admin.patch('/settings', { privacy: { anonymise_user_ids: true } });
  const { json } = await admin.post('/events', { event_type: 'x', event_name: 'login', user_id: 'jane' });
  await admin.put('/users/jane', { email: 'jane@example.com' });
  for (const user of ['jane', json.user_id]) {
    expect((await admin.get(`/user-activity?user_id=${user}`)).json.data).toMatchObject([{ user_id: json.user_id }]);
    expect((await admin.get(`/user-activity/stats?user_id=${user}`)).json.totals.login_count).toBe(1);
  }
  expect((await admin.get('/top-users')).json).toMatchObject([{ user_id: json.user_id, activity_count: 1 }]);
  const member = await service.clientFor('private', 'member', { userId: 'jane' });
  expect((await member.get('/user-activity')).json.data).toHaveLength(1);
});

it.each([
  '/user-activity?limit=0',
  '/user-activity?cursor=bm90aGluZw',
  '/user-activity?min_event_count=many',
  '/user-activity?colour=red',
  '/user-activity/stats?limit=3',
  '/user-activity/stats?user_id=',
  '/top-users?limit=501',
  '/top-users?days=0',
  '/top-users?period=7d&days=7',
])('rejects %s with 400', async (path) => {
  const admin = await service.clientFor('kolkata', 'admin');
  expect((await admin.get(path)).status).toBe(400);
});

it('computes daily averages over the days of the range', async () => {
  const admin = await service.clientFor('kolkata', 'admin');
  const { json } = await admin.get('/user-activity/stats?days=5');
  expect(json.daily_averages.event_count).toBeCloseTo(json.totals.event_count / 5, 3);
  expect(json.totals.event_count).toBeGreaterThan(0);
});
