import { afterAll, beforeAll, expect, it } from 'vitest';
import { refreshAll } from '../rollups/facts.ts';
import type { ApiClient } from '../service/api-client.ts';
import { startService, type TestService } from '../service/service.ts';

/** In Havana clocks go back from 01:00 to 00:00: 1 November 2026 has the hour from midnight twice. */
const ZONE = 'America/Havana';
const DAYS = ['2026-10-31', '2026-11-01', '2026-11-02'];
const USERS = 90;
const HOUR_MS = 3_600_000;

let service: TestService;
let admin: ApiClient;
/** Events by day and user: one per hour and user, over the three days and a few hours around them. */
const expected = new Map<string, number>();

beforeAll(async () => {
  // Report parts start with a day, so that each part boundary is a midnight.
  service = await startService({ workers: true, env: { REPORT_PART_ROWS: '100' } });
  admin = await service.clientFor('havana', 'admin');
  await admin.patch('/settings', { time_zone: ZONE });
  // The local date by JavaScript, independent of PostgreSQL's time zones.
  const dayOf = new Intl.DateTimeFormat('sv-SE', { timeZone: ZONE, dateStyle: 'short' });
  const records = [];
  for (let at = Date.parse('2026-10-30T18:30:00Z'); at < Date.parse('2026-11-03T12:00:00Z'); at += HOUR_MS) {
    const date = dayOf.format(at);
    for (let n = 0; n < USERS; n += 1) {
      const user_id = `user-${n}`;
      records.push({
        type: 'event',
        event_type: 'x',
        event_name: 'y',
        user_id,
        occurred_at: new Date(at).toISOString(),
      });
      expected.set(`${date} ${user_id}`, (expected.get(`${date} ${user_id}`) ?? 0) + 1);
    }
  }
  for (let from = 0; from < records.length; from += 4_000) {
    const batch = records.slice(from, from + 4_000);
    expect((await admin.post('/batch', batch)).json).toMatchObject({ accepted: batch.length });
  }
});

afterAll(() => service.close());

interface Row {
  date: string;
  user_id: string;
  event_count: number;
}

function expectWhole(rows: readonly Row[], dates: readonly string[]): void {
  const found = rows.map(({ date, user_id, event_count }) => [`${date} ${user_id}`, event_count]);
  const inRange = [...expected].filter(([key]) => dates.some((date) => key.startsWith(date)));
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(inRange));
  expect(found).toHaveLength(inRange.length);
}

async function activity(query: string): Promise<Row[]> {
  const rows: Row[] = [];
  let cursor = '';
  do {
    const { json } = await admin.get(`/user-activity?${query}&limit=100${cursor}`);
    rows.push(...json.data);
    cursor = json.next_cursor ? `&cursor=${json.next_cursor}` : '';
  } while (cursor);
  return rows;
}

it.each([[DAYS], [['2026-11-01']], [['2026-10-31']]])('counts both midnight hours: %s', async (dates) => {
  const range = { start_date: dates[0] ?? '', end_date: dates.at(-1) ?? '' };
  const query = new URLSearchParams(range).toString();
  expectWhole(await activity(query), dates);
  await refreshAll(service.orm, 'havana');
  expectWhole(await activity(query), dates);
  const asked = { name: 'u', report_type: 'user_activity', format: 'json', parameters: range };
  const { json } = await admin.report(asked);
  const { bytes } = await admin.get(`/reports/${json.id}/download`);
  expectWhole(JSON.parse(bytes.toString('utf8')), dates);
});
