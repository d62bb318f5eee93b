import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';
import { GRAINS, type Grain } from '../domain/buckets.ts';
import type { TimeRange } from '../domain/time-range.ts';
import { pgTime } from '../pg-time.ts';
import type { ElapsedOf } from './answer.ts';
import { grainsWithin, type Scope } from './compile/measures.ts';
import type { Granularity } from './query.ts';

const MINUTE_MS = 60_000;
const COARSE_TO_FINE: readonly Grain[] = ['day', 'hour', 'quarter_hour'];

/**
 * How much of a range, and of each of its local buckets, has passed when the snapshot is taken.
 * @param db in the snapshot that the numbers are read in
 */
export async function readElapsed(db: Db, scope: Scope, range: TimeRange): Promise<ElapsedOf> {
  const { granularity } = scope;
  if (granularity === undefined || granularity === 'minute') {
    const untilMs = await readUntil(db, range);
    const fromMs = range.startInclusive.getTime();
    return (bucket) => {
      if (bucket === null) return passed(fromMs, untilMs);
      // Minutes are of one length: no offset in use has seconds.
      const startMs = bucket.getTime();
      return passed(Math.max(startMs, fromMs), Math.min(startMs + MINUTE_MS, untilMs));
    };
  }
  const spans = await readBucketSpans(db, { ...scope, granularity }, range);
  return (bucket) => spans.get(bucket?.getTime() ?? Number.NaN) ?? null;
}

function passed(fromMs: number, untilMs: number): number | null {
  return untilMs > fromMs ? untilMs - fromMs : null;
}

/** The end of a range, or the present where that comes first. `now()` is one moment for all questions of a snapshot. */
async function readUntil(db: Db, { endExclusive }: TimeRange): Promise<number> {
  const { rows } = await sql<{ ms: string }>`
    SELECT extract(epoch FROM least(${endExclusive}::timestamptz, now())) * 1000 AS ms`.execute(db);
  return Number(rows[0]?.ms);
}

/**
 * Cuts what has passed of a range into steps that each lie within one bucket, and adds them up. From one bucket's start to the
 * next would not do: where clocks are put back to midnight, or by half an hour, a bucket is called by a moment that it does not
 * begin with. The clock is read within the range: `grainsWithin` does not know how it stood before.
 */
async function readBucketSpans(
  db: Db,
  scope: Scope & { granularity: Granularity },
  { startInclusive, endExclusive, timeZone }: TimeRange,
): Promise<Map<number, number>> {
  const grains = grainsWithin(scope);
  const grain = COARSE_TO_FINE.find((one) => grains.has(one));
  const step = sql`make_interval(secs => ${sql.lit(grain ? GRAINS[grain] : MINUTE_MS / 1000)})`;
  const { rows } = await sql<{ bucket: string; ms: string }>`
    SELECT date_trunc(${scope.granularity}, greatest(s.at, e.since), ${timeZone}) AS bucket,
      sum(extract(epoch FROM least(s.at + ${step}, e.until) - greatest(s.at, e.since))) * 1000 AS ms
    FROM (SELECT ${startInclusive}::timestamptz AS since, least(${endExclusive}::timestamptz, now()) AS until) e
    CROSS JOIN LATERAL generate_series(
      date_bin(${step}, e.since, 'epoch'), e.until - interval '1 microsecond', ${step}) s(at)
    WHERE e.until > e.since
    GROUP BY 1`.execute(db);
  return new Map(rows.map(({ bucket, ms }) => [pgTime(bucket).getTime(), Number(ms)]));
}
