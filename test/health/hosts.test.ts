import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunName } from '../../shared/contracts/runs.ts';
import { dbOf } from '../../shared/db/orm.ts';
import type { HostState } from '../../shared/hosts/host-state.ts';
import { createHostReader } from '../../shared/hosts/read-host.ts';
import { rollUpHostSamples } from '../../shared/hosts/roll-up-samples.ts';
import { averageHostState, latestHostState, storeHostSample } from '../../shared/hosts/samples.ts';
import { createLog } from '../../shared/log.ts';
import { startHostSampler } from '../../worker/host-sampler.ts';
import { eventually } from '../eventually.ts';
import type { ApiClient } from '../service/api-client.ts';
import { startService, type TestService } from '../service/service.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
let service: TestService;
let admin: ApiClient;

beforeAll(async () => {
  service = await startService({ workers: 1 });
  admin = await service.clientFor('acme', 'admin');
});
afterAll(() => service.close());

const db = () => dbOf(service.orm.em.fork());

/** A state whose every figure follows from one number. */
function stateOf(cpuPercent: number): HostState {
  return {
    cpu_percent: cpuPercent,
    memory_percent: cpuPercent / 2,
    memory_used_bytes: cpuPercent * 1_000,
    memory_total_bytes: 16_000_000_000,
    disk_percent: 100 - cpuPercent,
    disk_used_bytes: 5,
    disk_total_bytes: 10,
    network_rx_bytes_per_second: 3,
    network_tx_bytes_per_second: 4,
    load_1m: 0.25,
    processes: 100,
    uptime_seconds: 60,
  };
}

const store = (host: string, at: Date, cpuPercent: number) =>
  storeHostSample(db(), { host, at, state: stateOf(cpuPercent) });

async function history(client: ApiClient, query: Record<string, string>) {
  const { status, json } = await client.get(`/metrics/history?${new URLSearchParams(query)}`);
  expect(status).toBe(200);
  return json;
}

async function storedTimes(host: string): Promise<number[]> {
  const { rows } = await sql<{ ms: string }>`
    SELECT extract(epoch FROM at) * 1000 AS ms FROM host_samples WHERE host = ${host} ORDER BY at`.execute(db());
  return rows.map(({ ms }) => Number(ms));
}

/** The tests before others are stored: these need a host of nobody. */
describe('a system without samples', () => {
  it('tells of the host of the API instead', async () => {
    expect(await latestHostState(db())).toBeNull();
    const { json } = await admin.get('/system/health');
    expect(json).toMatchObject({
      status: 'healthy',
      uptime_seconds: expect.any(Number),
      services: { database: 'healthy', temporal: 'healthy', ingestion: 'healthy' },
      response_time_ms: { avg: null, p95: null },
      error_rate: 0,
      rollup_lag_seconds: 0,
      workers: { task_queue: service.config.TASK_QUEUE, pollers: 1 },
    });
    expect(json.workers.queues).toContainEqual({ task_queue: `${service.config.TASK_QUEUE}-heavy`, pollers: 1 });
    for (const name of ['cpu_percent', 'memory_percent', 'disk_percent']) {
      expect(json[name], name).toBeGreaterThanOrEqual(0);
      expect(json[name], name).toBeLessThanOrEqual(100);
    }
    expect(json.memory_percent).toBeGreaterThan(0);
  });

  it('counts its own answers, and how long a change waits to be rolled up', async () => {
    await admin.get('/settings');
    await sql`INSERT INTO bucket_ledger (org_id, kind, bucket, marked_at)
      SELECT org, 'events', now(), now() - age FROM (
        VALUES ('acme', interval '90 seconds'), ('acme', interval '5 seconds'), ('globex', interval '1 hour')
      ) v(org, age)`.execute(db());
    const { json } = await admin.get('/system/health');
    expect(json.request_count).toBeGreaterThanOrEqual(2);
    expect(json.response_time_ms).toEqual({ avg: expect.any(Number), p95: expect.any(Number) });
    expect(json.rollup_lag_seconds).toBeGreaterThanOrEqual(90);
    expect(json.rollup_lag_seconds).toBeLessThan(120);
  });
});

describe('a sampler', () => {
  const log = createLog({ LOG_LEVEL: 'silent' }, 'test');
  const sampler = (host: string, diskPath: string) =>
    startHostSampler({ orm: service.orm, log, reader: createHostReader(diskPath), host, intervalSeconds: 1 });

  it('stores the state at once and at each interval, once whatever the number of workers on the host', async () => {
    const host = randomUUID();
    const samplers = [sampler(host, '/'), sampler(host, '/')];
    await eventually('three samples', 20_000, async () => ((await storedTimes(host)).length < 3 ? undefined : true));
    await Promise.all(samplers.map((each) => each.stop()));
    const times = await storedTimes(host);
    expect(times.filter((ms) => ms % 1000 !== 0)).toEqual([]);
    expect(new Set(times.map((ms) => Math.floor(ms / 1000))).size).toBe(times.length);
    const state = await latestHostState(db());
    expect(state?.memory_total_bytes).toBeGreaterThan(state?.memory_used_bytes ?? 0);
    expect(state?.disk_percent).toBeGreaterThan(0);
    expect(state?.processes).toBeGreaterThan(1);
    expect(state?.uptime_seconds).toBeGreaterThan(0);
    await sleep(1_100);
    expect(await storedTimes(host)).toEqual(times);
    expect(await store(host, new Date(times[0] ?? 0), 1)).toBe(false);
  });

  it('goes on after a fault, and stops while it reads', async () => {
    const host = randomUUID();
    const faulty = sampler(host, '/no/such/disk');
    await sleep(1_500);
    expect(await storedTimes(host)).toEqual([]);
    await faulty.stop();
    const reading = sampler(host, '/');
    const startedAt = performance.now();
    await reading.stop();
    expect(performance.now() - startedAt).toBeLessThan(300);
  });
});

describe('the history', () => {
  // Zurich put its clocks back on this day, so it has 25 hours.
  const longDay = Date.UTC(2025, 9, 25, 22);
  const first = longDay - DAY_MS;
  const range = { start_date: '2025-10-25', end_date: '2025-10-27' };
  const [one, two] = [`one-${randomUUID()}`, `two-${randomUUID()}`];
  let zurich: ApiClient;
  let kolkata: ApiClient;

  const seriesOf = (json: { series: Record<string, number>[] }, ...names: string[]) =>
    json.series.map((point) => names.map((name) => point[name]));

  beforeAll(async () => {
    zurich = await service.clientFor('zurich', 'admin');
    await zurich.patch('/settings', { time_zone: 'Europe/Zurich' });
    kolkata = await service.clientFor('kolkata', 'admin');
    await kolkata.patch('/settings', { time_zone: 'Asia/Calcutta' });
    // A sample each half of an hour, over the three days in Zurich and a little more; the value tells the hour.
    for (let n = -4; n < 73 * 2 + 4; n += 1) {
      await store(one, new Date(first + n * 30 * MINUTE_MS), Math.floor(n / 2) + 10);
    }
    await store(two, new Date(longDay), 100);
  });

  const daysInZurich = [
    ['2025-10-24T22:00:00.000Z', 48, 21.5, 33],
    ['2025-10-25T22:00:00.000Z', 50, 46, 58],
    ['2025-10-26T23:00:00.000Z', 48, 70.5, 82],
  ];
  // There the days begin half an hour before an hour of UTC, and the first and the last hold fewer samples.
  const daysInKolkata = [
    ['2025-10-24T18:30:00.000Z', 45, 18.76, 30],
    ['2025-10-25T18:30:00.000Z', 48, 42, 54],
    ['2025-10-26T18:30:00.000Z', 48, 66, 78],
  ];
  const days = async (client: ApiClient) => {
    const json = await history(client, { ...range, granularity: 'day', host: one });
    expect(json).toMatchObject({ granularity: 'day', hosts: [one] });
    return seriesOf(json, 'at', 'samples', 'cpu_percent', 'cpu_percent_max');
  };

  it('has local days, before and after samples are rolled up, however often', async () => {
    const quarterHours = async () => (await sql`SELECT * FROM host_samples_15m ORDER BY host, at`.execute(db())).rows;
    const whole = { startInclusive: new Date(first), endExclusive: new Date(first + 73 * 60 * MINUTE_MS) };
    expect(await days(zurich)).toEqual(daysInZurich);
    expect(await days(kolkata)).toEqual(daysInKolkata);
    const average = await averageHostState(db(), whole);
    expect(average).toMatchObject({ cpu_percent: 46.37, processes: 100, load_1m: 0.25 });
    expect(await rollUpHostSamples(db())).toBeGreaterThanOrEqual(155);
    const rolledUp = await quarterHours();
    expect(await days(zurich)).toEqual(daysInZurich);
    expect(await days(kolkata)).toEqual(daysInKolkata);
    expect(await averageHostState(db(), whole)).toEqual(average);
    // Again from the start: the same rows come out.
    await sql`DELETE FROM host_samples_15m WHERE at >= ${new Date(longDay)}`.execute(db());
    await rollUpHostSamples(db());
    await rollUpHostSamples(db());
    expect(await quarterHours()).toEqual(rolledUp);
  });

  it('averages over hosts, and keeps peaks', async () => {
    const query = { start_date: '2025-10-25T22:00:00Z', end_date: '2025-10-26T00:00:00Z', granularity: 'hour' };
    const json = await history(zurich, query);
    expect(json.hosts.sort()).toEqual([one, two].sort());
    expect(json.series).toMatchObject([
      { at: '2025-10-25T22:00:00.000Z', samples: 3, cpu_percent: 56, cpu_percent_max: 100, memory_used_bytes: 56_000 },
      { at: '2025-10-25T23:00:00.000Z', samples: 2, cpu_percent: 35, cpu_percent_max: 35, memory_percent: 17.5 },
    ]);
    expect(json.series[0]).toMatchObject({ memory_percent_max: 50, disk_percent: 44, disk_percent_max: 66 });
    expect(await history(zurich, { ...query, host: 'nobody' })).toMatchObject({ series: [], hosts: [] });
  });

  it('chooses how fine it is by the length of the range, and by what is kept', async () => {
    const granularityOf = async (query: Record<string, string>) => (await history(admin, query)).granularity;
    expect(await granularityOf({ period: '6h' })).toBe('minute');
    expect(await granularityOf({ period: '7h' })).toBe('hour');
    expect(await granularityOf({})).toBe('hour');
    expect(await granularityOf({ period: '8d' })).toBe('day');
    expect(await granularityOf({ ...range, granularity: 'minute' })).toBe('hour');
    const tooFine = await admin.get('/metrics/history?days=10&granularity=minute');
    expect([tooFine.status, tooFine.json.errors[0]]).toEqual([
      400,
      { field: 'granularity', message: expect.stringContaining('coarser') },
    ]);
    expect((await admin.get('/metrics/history?granularity=week')).status).toBe(400);
  });

  it('has minutes of single samples', async () => {
    const host = randomUUID();
    const minute = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 10 * MINUTE_MS;
    for (const [offsetMs, cpuPercent] of [
      [0, 10],
      [45_000, 20],
      [MINUTE_MS, 80],
    ] as const) {
      await store(host, new Date(minute + offsetMs), cpuPercent);
    }
    const json = await history(admin, { period: '1h', host });
    expect(seriesOf(json, 'at', 'samples', 'cpu_percent', 'cpu_percent_max')).toEqual([
      [new Date(minute).toISOString(), 2, 15, 20],
      [new Date(minute + MINUTE_MS).toISOString(), 1, 80, 80],
    ]);
  });

  it('outlives its samples: housekeeping rolls them up and removes the old ones', async () => {
    const host = randomUUID();
    const noon = Math.floor(Date.now() / DAY_MS) * DAY_MS + DAY_MS / 2;
    for (const [daysAgo, cpuPercent] of [
      [500, 50],
      [20, 30],
      [3, 10],
    ] as const) {
      await store(host, new Date(noon - daysAgo * DAY_MS), cpuPercent);
    }
    const before = await history(admin, { days: '30', host });
    await sql`DELETE FROM host_samples_15m`.execute(db());
    const run = () =>
      service.temporal.workflow.execute('housekeeping' satisfies RunName, {
        taskQueue: service.config.TASK_QUEUE,
        workflowId: randomUUID(),
      });
    expect(await run()).toMatchObject({
      hostBuckets15mRolledUp: expect.any(Number),
      hostRowsRemoved: expect.any(Number),
    });
    expect(await storedTimes(host)).toEqual([noon - 3 * DAY_MS]);
    const { rows } = await sql`SELECT FROM host_samples_15m WHERE host = ${host}`.execute(db());
    expect(rows.length).toBe(2);
    await run();
    const after = await history(admin, { days: '30', host });
    expect(after.series).toEqual(before.series);
    expect(seriesOf(after, 'cpu_percent')).toEqual([[30], [10]]);
  });
});
