import type { Granularity } from '../../shared/metrics/question.ts';

const MINUTE_MS = 60_000;
const QUARTER_HOUR_MS = 15 * MINUTE_MS;

/**
 * The part of a range, up to now, that lies in the local bucket (hour, day, week or month) of a moment, in milliseconds.
 * Adds up quarter hours by JavaScript's time zones, independent of PostgreSQL.
 */
export function localSpanMs(
  range: { startInclusive: Date; endExclusive: Date; timeZone: string },
  granularity: Granularity | undefined,
  atMs: number,
): number {
  const startMs = range.startInclusive.getTime();
  const endMs = Math.min(range.endExclusive.getTime(), Date.now());
  const cut = (fromMs: number, lengthMs: number) =>
    Math.max(0, Math.min(fromMs + lengthMs, endMs) - Math.max(fromMs, startMs));
  if (granularity === undefined) return cut(startMs, endMs - startMs);
  if (granularity === 'minute') return cut(Math.floor(atMs / MINUTE_MS) * MINUTE_MS, MINUTE_MS);
  const nameOf = localNames(range.timeZone, granularity);
  const name = nameOf(atMs);
  let total = 0;
  for (let ms = Math.floor(startMs / QUARTER_HOUR_MS) * QUARTER_HOUR_MS; ms < endMs; ms += QUARTER_HOUR_MS) {
    if (nameOf(ms) === name) total += cut(ms, QUARTER_HOUR_MS);
  }
  return total;
}

/** Names the local hour, day, week or month of a moment. A repeated hour has two names. */
function localNames(timeZone: string, granularity: Exclude<Granularity, 'minute'>): (ms: number) => string {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'longOffset',
  });
  return (ms) => {
    const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, value]));
    const date = `${parts.get('year')}-${parts.get('month')}-${parts.get('day')}`;
    switch (granularity) {
      case 'hour':
        return `${date} ${parts.get('hour')} ${parts.get('timeZoneName')}`;
      case 'day':
        return date;
      case 'week': {
        const day = new Date(`${date}T00:00:00Z`);
        // Back to Monday.
        return new Date(day.getTime() - ((day.getUTCDay() + 6) % 7) * 96 * QUARTER_HOUR_MS).toISOString();
      }
      case 'month':
        return date.slice(0, 7);
    }
  };
}
