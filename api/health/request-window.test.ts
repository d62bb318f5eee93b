import { expect, it } from 'vitest';
import { createRequestWindow } from './request-window.ts';

it('has no measures before the first answer', async () => {
  expect(await createRequestWindow().stats()).toEqual({ count: 0, avgMs: null, p95Ms: null, errorRate: 0 });
});

it('computes average, percentile and share of faults', async () => {
  const window = createRequestWindow();
  for (let ms = 1; ms <= 100; ms += 1) window.record(ms, ms <= 4 ? 503 : ms <= 50 ? 404 : 200);
  const { count, avgMs, p95Ms, errorRate } = await window.stats();
  expect([count, avgMs, errorRate]).toEqual([100, 50.5, 4]);
  expect(p95Ms).toBeGreaterThanOrEqual(95);
  expect(p95Ms).toBeLessThan(95 * 1.1);
});

it('accepts any duration', async () => {
  const window = createRequestWindow();
  for (const ms of [0, 1e9]) window.record(ms, 200);
  expect(await window.stats()).toMatchObject({ count: 2, avgMs: 5e8, p95Ms: expect.any(Number) });
});

it('drops what is more than an hour old, also after a pause', async () => {
  let nowMs = 0;
  const window = createRequestWindow(() => nowMs);
  for (let minute = 0; minute < 90; minute += 1) {
    nowMs = minute * 60_000;
    window.record(minute, 200);
  }
  expect(await window.stats()).toMatchObject({ count: 60, avgMs: 59.5 });
  nowMs += 60 * 60_000;
  expect((await window.stats()).count).toBe(0);
  window.record(7, 500);
  expect(await window.stats()).toMatchObject({ count: 1, avgMs: 7, errorRate: 100 });
});
