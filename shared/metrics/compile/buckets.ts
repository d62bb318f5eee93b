import { type RawBuilder, sql } from 'kysely';
import { GRAINS } from '../../domain/buckets.ts';
import type { TimeRange } from '../../domain/time-range.ts';
import type { Granularity } from '../question.ts';
import { grainsWithin, type Scope } from './measures.ts';
import { COARSE_TO_FINE } from './spans.ts';

const MINUTE_SECONDS = 60;

/**
 * Every local bucket that a range touches: rows of `bucket` and `elapsed_ms`, the time of it that has passed within the range,
 * null where none has. `now()` is one moment for all that a snapshot reads.
 *
 * The range is cut into steps that each lie within one bucket, and these are added up. From one bucket's start to the next
 * would not do: where clocks are put back to midnight, or by half an hour, a bucket is called by a moment that it does not
 * begin with. The clock is read within the range: `grainsWithin` does not know how it stood before.
 */
export function compileBuckets(
  scope: Scope & { granularity: Granularity },
  { startInclusive, endExclusive, timeZone }: TimeRange,
): RawBuilder<unknown> {
  const grains = grainsWithin(scope);
  const grain = COARSE_TO_FINE.find((one) => grains.has(one));
  const step = sql`make_interval(secs => ${sql.lit(grain ? GRAINS[grain] : MINUTE_SECONDS)})`;
  return sql`
    SELECT date_trunc(${scope.granularity}, greatest(s.at, e.since), ${timeZone}) AS bucket,
      nullif(sum(greatest(0, extract(epoch FROM
        least(s.at + ${step}, e.until, now()) - greatest(s.at, e.since)))) * 1000, 0) AS elapsed_ms
    FROM (SELECT ${startInclusive}::timestamptz AS since, ${endExclusive}::timestamptz AS until) e
    CROSS JOIN LATERAL generate_series(
      date_bin(${step}, e.since, 'epoch'), e.until - interval '1 microsecond', ${step}) s(at)
    GROUP BY 1`;
}

/** How much of a range has passed, in milliseconds; null where nothing has. */
export function elapsedOfRange({ startInclusive, endExclusive }: TimeRange): RawBuilder<unknown> {
  return passed(sql`${startInclusive}::timestamptz`, sql`${endExclusive}::timestamptz`);
}

/** How much of a minute has passed within a range. Minutes are of one length: no offset in use has seconds. */
export function elapsedOfMinute(
  minute: RawBuilder<unknown>,
  { startInclusive, endExclusive }: TimeRange,
): RawBuilder<unknown> {
  const end = sql`least(${minute} + interval '1 minute', ${endExclusive}::timestamptz)`;
  return passed(sql`greatest(${minute}, ${startInclusive}::timestamptz)`, end);
}

function passed(since: RawBuilder<unknown>, until: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`nullif(greatest(0, extract(epoch FROM least(${until}, now()) - ${since})) * 1000, 0)`;
}
