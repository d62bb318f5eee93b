import { type RawBuilder, sql } from 'kysely';
import type { Interval } from '../domain/buckets.ts';

/** Up to this many intervals become conditions of the statement, which allow the planner to prune partitions. */
const FEW = 4;

/** Beyond this, the conditions would exceed the parameters of a statement. */
const MANY = 100;

/** The condition that a time lies in one of the intervals, which are in order; `false` without intervals. */
export function within(at: RawBuilder<unknown>, intervals: readonly Interval[]): RawBuilder<unknown> {
  if (intervals.length === 0) return sql`false`;
  if (intervals.length > MANY) return withinMultirange(at, intervals);
  return sql`(${sql.join(
    intervals.map(
      ({ startInclusiveMs, endExclusiveMs }) =>
        sql`(${at} >= ${new Date(startInclusiveMs)}::timestamptz AND ${at} < ${new Date(endExclusiveMs)}::timestamptz)`,
    ),
    sql` OR `,
  )})`;
}

/** One parameter for all intervals, and bounds that allow the planner to prune partitions. */
function withinMultirange(at: RawBuilder<unknown>, intervals: readonly Interval[]): RawBuilder<unknown> {
  const iso = (ms: number) => new Date(ms).toISOString();
  const ranges = intervals.map(
    ({ startInclusiveMs, endExclusiveMs }) => `[${iso(startInclusiveMs)},${iso(endExclusiveMs)})`,
  );
  const startMs = Math.min(...intervals.map(({ startInclusiveMs }) => startInclusiveMs));
  const endMs = Math.max(...intervals.map(({ endExclusiveMs }) => endExclusiveMs));
  return sql`(${at} >= ${iso(startMs)}::timestamptz AND ${at} < ${iso(endMs)}::timestamptz
    AND ${at} <@ ${`{${ranges.join()}}`}::tstzmultirange)`;
}

/**
 * A FROM item with an organisation's rows of the table as `t`, and a condition on their time, for any number of
 * intervals. Many intervals take one index lookup each: as many conditions would take longer to plan than to run.
 */
export function during(
  table: RawBuilder<unknown>,
  orgId: string,
  timeColumn: string,
  intervals: readonly Interval[],
): { from: RawBuilder<unknown>; where: RawBuilder<unknown> } {
  const at = sql.ref(`t.${timeColumn}`);
  if (intervals.length <= FEW) {
    return { from: sql`${table} t`, where: sql`t.org_id = ${orgId} AND ${within(at, intervals)}` };
  }
  const list = JSON.stringify(
    intervals.map(({ startInclusiveMs, endExclusiveMs }) => ({
      start: new Date(startInclusiveMs),
      end: new Date(endExclusiveMs),
    })),
  );
  return {
    // OFFSET 0 keeps each interval a range of the primary key. A plain join compares every interval with all rows of an
    // organisation that the statistics do not know.
    from: sql`json_to_recordset(${list}::json) AS i("start" timestamptz, "end" timestamptz)
      CROSS JOIN LATERAL (
        SELECT * FROM ${table} t WHERE t.org_id = ${orgId} AND ${at} >= i."start" AND ${at} < i."end" OFFSET 0
      ) t`,
    where: sql`true`,
  };
}

/** An array of bucket starts (epoch milliseconds), for `= ANY`. */
export function bucketArray(starts: readonly number[]): RawBuilder<unknown> {
  return sql`ARRAY(SELECT to_timestamp(ms::float8 / 1000) FROM json_array_elements_text(${JSON.stringify(starts)}::json) ms)`;
}
