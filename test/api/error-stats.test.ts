import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startService, type TestService } from '../service/service.ts';

let service: TestService;
beforeAll(async () => {
  service = await startService({ workers: false });
});
afterAll(() => service.close());

describe('error statistics', () => {
  const timeZone = 'America/New_York';
  const localDay = new Intl.DateTimeFormat('en-CA', { timeZone });
  const types = ['KeyError', 'TimeoutError', 'ValueError', undefined];
  const levels = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'];
  const words = ['alpha', 'beta', 'gamma', 'delta', 'eps', 'zeta', 'eta', 'theta', 'iota', 'kappa', 'mu', 'nu', 'xi'];

  /** Seeded, so that failures are reproducible. */
  function createRandom(seed: number) {
    let state = seed;
    return (below: number) => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((state / 2_147_483_648) * below);
    };
  }

  it('match the counts of the sent errors across a DST change', async () => {
    const org = await service.clientFor('statistics', 'admin');
    await org.patch('/settings', { time_zone: timeZone });
    const random = createRandom(7);
    const from = Date.parse('2025-03-01T00:00:00Z');
    const records = Array.from({ length: 1500 }, (_, n) => ({
      type: 'error',
      error_id: `s-${n}`,
      level: levels[random(5)],
      exception_type: types[random(4)],
      message: words[Math.min(random(13), random(13))],
      occurred_at: new Date(from + random(16 * 86_400_000)).toISOString(),
    }));
    await org.post('/batch', records);
    await org.post('/batch', records.slice(0, 300));
    const grouped = (await org.get('/errors?group=true&limit=60&start_date=2025-03-01&end_date=2025-03-20')).json.data;
    const settled = new Map<string, string>();
    for (const [n, row] of grouped.entries()) {
      if (n % 3 === 0) continue;
      const status = n % 3 === 1 ? 'resolved' : 'ignored';
      settled.set(`${row.exception_type ?? ''} ${row.message}`, status);
      await org.patch(`/errors/${row.id}`, { status });
    }
    for (const [startDay, endDay, start, end] of [
      ['2025-03-08', '2025-03-12', '2025-03-08T05:00:00Z', '2025-03-13T04:00:00Z'],
      ['2025-03-09', '2025-03-09', '2025-03-09T05:00:00Z', '2025-03-10T04:00:00Z'],
      ['2025-03-07T11:22:33Z', '2025-03-11T01:02:03Z', '2025-03-07T11:22:33Z', '2025-03-11T01:02:03Z'],
    ] as const) {
      const [startMs, endMs] = [Date.parse(start), Date.parse(end)];
      const within = (fromMs: number, toMs: number) =>
        records.filter(({ occurred_at }) => Date.parse(occurred_at) >= fromMs && Date.parse(occurred_at) < toMs);
      const rows = within(startMs, endMs);
      const before = within(startMs - (endMs - startMs), startMs);
      const { json } = await org.get(`/errors/stats?start_date=${startDay}&end_date=${endDay}`);
      const groups = Map.groupBy(rows, (row) => `${row.exception_type ?? ''} ${row.message}`);
      const statusOf = (group: string) => settled.get(group) ?? 'open';
      const counted = (status: string) => [...groups.keys()].filter((group) => statusOf(group) === status).length;
      expect(json).toMatchObject({
        total: rows.length,
        unresolved: [...groups].reduce((sum, [group, all]) => sum + (statusOf(group) === 'open' ? all.length : 0), 0),
        groups: { open: counted('open'), resolved: counted('resolved'), ignored: counted('ignored') },
        by_level: Object.fromEntries(levels.map((level) => [level, rows.filter((row) => row.level === level).length])),
        trend_percent: Math.round(((rows.length - before.length) / before.length) * 10_000) / 100,
        range: { time_zone: timeZone },
      });
      const byType = types.map((type) => ({
        type: type ?? null,
        count: rows.filter((row) => row.exception_type === type).length,
      }));
      expect(new Set(json.by_type)).toEqual(
        new Set(byType.map((one) => ({ ...one, percentage: Math.round((one.count / rows.length) * 10_000) / 100 }))),
      );
      expect(json.by_type.map((one: { count: number }) => one.count)).toEqual(
        byType.map(({ count }) => count).sort((a, b) => b - a),
      );
      const days = Map.groupBy(rows, (row) => localDay.format(new Date(row.occurred_at)));
      const shown = json.by_day.map((day: { date: string; count: number }) => [day.date, day.count]);
      expect(shown.filter(([, count]: [string, number]) => count > 0)).toEqual(
        [...days].map(([date, all]) => [date, all.length]).sort(),
      );
      const sizes = [...groups.values()].map((all) => all.length).sort((a, b) => b - a);
      expect(json.top.map((group: { count: number }) => group.count)).toEqual(sizes.slice(0, 10));
      for (const group of json.top) {
        const name = `${group.exception_type ?? ''} ${group.message}`;
        const latest = (groups.get(name) ?? [])
          .map((row) => row.occurred_at)
          .sort()
          .at(-1);
        expect([group.last_seen, group.status]).toEqual([latest, statusOf(name)]);
      }
    }
  });

  it('include days and levels without errors, and a null trend without a previous value', async () => {
    const org = await service.clientFor('quiet', 'admin');
    await org.post('/errors/log', { level: 'ERROR', message: 'once', occurred_at: '2025-05-02T10:00:00Z' });
    const { json } = await org.get('/errors/stats?start_date=2025-05-01&end_date=2025-05-03');
    expect(json).toMatchObject({ total: 1, unresolved: 1, trend_percent: null, by_level: { DEBUG: 0, ERROR: 1 } });
    expect(json.by_day).toEqual([
      { date: '2025-05-01', count: 0 },
      { date: '2025-05-02', count: 1 },
      { date: '2025-05-03', count: 0 },
    ]);
    expect((await org.get('/errors/stats?start_date=2025-05-04&end_date=2025-05-06')).json).toMatchObject({
      total: 0,
      unresolved: 0,
      by_type: [],
      top: [],
      trend_percent: -100,
    });
  });
});
