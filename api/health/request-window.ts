/** What this process answered within the last hour. */
export interface RequestWindow {
  record(durationMs: number, status: number): void;
  stats(): RequestStats;
}

export interface RequestStats {
  count: number;
  /** Null where nothing was answered. */
  avgMs: number | null;
  p95Ms: number | null;
  /** The share of answers that were our fault, 500 and above, in percent. */
  errorRate: number;
}

const MINUTE_MS = 60_000;
const MINUTES = 60;

/** Bins of durations grow by a tenth, from half a millisecond to a minute and a half, so a percentile is off by that at most. */
const LEAST_MS = 0.5;
const GROWTH = 1.1;
const BINS = 128;

interface Minute {
  number: number;
  count: number;
  errors: number;
  sumMs: number;
  bins: Uint32Array;
}

/** A ring of minutes, of one size however much is answered. `now` is a clock in milliseconds. */
export function createRequestWindow(now: () => number = Date.now): RequestWindow {
  const ring: Minute[] = Array.from({ length: MINUTES }, () => emptyMinute(-1));

  return {
    record(durationMs, status) {
      const number = Math.floor(now() / MINUTE_MS);
      let minute = ring[number % MINUTES];
      if (minute?.number !== number) {
        minute = emptyMinute(number);
        ring[number % MINUTES] = minute;
      }
      const bin = binOf(durationMs);
      minute.count += 1;
      minute.errors += status >= 500 ? 1 : 0;
      minute.sumMs += durationMs;
      minute.bins[bin] = (minute.bins[bin] ?? 0) + 1;
    },
    stats() {
      const oldest = Math.floor(now() / MINUTE_MS) - MINUTES;
      const minutes = ring.filter(({ number, count }) => number > oldest && count > 0);
      const sum = (of: (minute: Minute) => number) => minutes.reduce((total, minute) => total + of(minute), 0);
      const count = sum((minute) => minute.count);
      if (count === 0) return { count, avgMs: null, p95Ms: null, errorRate: 0 };
      return {
        count,
        avgMs: sum(({ sumMs }) => sumMs) / count,
        p95Ms: percentile(minutes, count * 0.95),
        errorRate: (sum(({ errors }) => errors) / count) * 100,
      };
    },
  };
}

function emptyMinute(number: number): Minute {
  return { number, count: 0, errors: 0, sumMs: 0, bins: new Uint32Array(BINS) };
}

function binOf(durationMs: number): number {
  if (durationMs <= LEAST_MS) return 0;
  return Math.min(BINS - 1, Math.ceil(Math.log(durationMs / LEAST_MS) / Math.log(GROWTH)));
}

/** The upper end of the bin that holds the value of this rank. */
function percentile(minutes: readonly Minute[], rank: number): number {
  let seen = 0;
  for (let bin = 0; bin < BINS; bin += 1) {
    for (const { bins } of minutes) seen += bins[bin] ?? 0;
    if (seen >= rank) return LEAST_MS * GROWTH ** bin;
  }
  return LEAST_MS * GROWTH ** (BINS - 1);
}
