import { exponentialBuckets, Histogram } from 'prom-client';

/** What this process answered within the last hour. */
export interface RequestWindow {
  record(durationMs: number, status: number): void;
  stats(): Promise<RequestStats>;
}

export interface RequestStats {
  count: number;
  /** Null without requests. */
  avgMs: number | null;
  p95Ms: number | null;
  /** The share of server faults (status 500 and above), in percent. */
  errorRate: number;
}

const MINUTE_MS = 60_000;
const MINUTES = 60;

/** Each bucket is a tenth wider than the one before, from 0.5 ms to 90 s: a percentile is at most 10 % too high. */
const BUCKETS_MS = exponentialBuckets(0.5, 1.1, 128);

interface Minute {
  number: number;
  durations: Histogram<'outcome' | 'le'>;
}

/**
 * A ring of histograms, one a minute, of constant size. A `Summary` of prom-client slides its percentiles alone, not its
 * sum and count, and writes each duration into every age bucket.
 * @param now a clock in milliseconds
 */
export function createRequestWindow(now: () => number = Date.now): RequestWindow {
  const ring = Array.from({ length: MINUTES }, (): Minute => ({ number: -1, durations: emptyHistogram() }));

  return {
    record(durationMs, status) {
      const number = Math.floor(now() / MINUTE_MS);
      const minute = ring[number % MINUTES];
      if (!minute) return;
      if (minute.number !== number) {
        minute.durations.reset();
        minute.number = number;
      }
      minute.durations.observe({ outcome: status >= 500 ? 'fault' : 'answer' }, durationMs);
    },
    async stats() {
      const oldest = Math.floor(now() / MINUTE_MS) - MINUTES;
      const live = ring.filter(({ number }) => number > oldest && number >= 0);
      const metrics = await Promise.all(live.map(({ durations }) => durations.get()));
      let count = 0;
      let faults = 0;
      let sumMs = 0;
      const upTo = new Map<unknown, number>();
      for (const { metricName, labels, value } of metrics.flatMap(({ values }) => values)) {
        if (metricName === 'duration_ms_count') count += value;
        if (metricName === 'duration_ms_count' && labels.outcome === 'fault') faults += value;
        if (metricName === 'duration_ms_sum') sumMs += value;
        if (metricName === 'duration_ms_bucket') upTo.set(labels.le, (upTo.get(labels.le) ?? 0) + value);
      }
      if (count === 0) return { count, avgMs: null, p95Ms: null, errorRate: 0 };
      // Durations beyond the last bucket count as its bound.
      const p95Ms = BUCKETS_MS.find((bound) => (upTo.get(bound) ?? 0) >= count * 0.95) ?? Math.max(...BUCKETS_MS);
      return { count, avgMs: sumMs / count, p95Ms, errorRate: (faults / count) * 100 };
    },
  };
}

function emptyHistogram(): Histogram<'outcome' | 'le'> {
  return new Histogram({
    name: 'duration_ms',
    help: 'Durations of one minute, in milliseconds',
    labelNames: ['outcome'],
    buckets: BUCKETS_MS,
    registers: [],
  });
}
