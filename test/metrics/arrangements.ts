import { Decimal } from 'decimal.js';
import { sql } from 'kysely';
import { expect } from 'vitest';
import { dbOf, type Orm } from '../../shared/db/orm.ts';
import { previousRange } from '../../shared/domain/time-range.ts';
import { ask, type MetricRow, type MetricSubject } from '../../shared/metrics/ask.ts';
import { pgTime } from '../../shared/pg-time.ts';
import type { Asked } from './questions.ts';

/**
 * Runs a question with `having`, `order`, `limit` and `fill`, and checks each answer against the plain one, which was
 * already compared with the facts.
 */
export async function arrangements(
  orm: Orm,
  subject: MetricSubject,
  { question, range }: Asked,
  plain: readonly MetricRow[],
) {
  const again = (more: object) => ask(orm.em.fork(), subject, { ...question, ...more }, range);
  const [by] = question.metrics;
  if (by === undefined) throw new Error('A question has at least one metric');
  // Rates change between queries if the range ends in the future.
  if (question.metrics.some((name) => name.includes('per_')) && range.endExclusive.getTime() > Date.now()) return;

  const numbers = plain.flatMap(({ values }) => (values[by] === null ? [] : Number(values[by])));
  const middle = numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
  // An amount of money is compared with all its digits, of which the double may have lost some.
  const above = plain.filter(({ values }) => new Decimal(values[by] ?? Number.NEGATIVE_INFINITY).gte(middle));
  expect(await again({ having: [{ metric: by, operator: 'greater_or_equal', value: middle }] })).toEqual(above);

  for (const direction of ['asc', 'desc'] as const) {
    // The plain answer is ordered by bucket and group, which breaks ties.
    const sorted = plain.toSorted((a, b) => compareNullsLast(a.values[by], b.values[by], direction === 'asc' ? 1 : -1));
    expect(await again({ order: [{ by, direction }], limit: 3 })).toEqual(sorted.slice(0, 3));
  }

  if (question.granularity === undefined) return comparison(orm, subject, { question, range }, plain);
  const lengthMs = range.endExclusive.getTime() - range.startInclusive.getTime();
  if (question.granularity === 'minute' && lengthMs > 86_400_000) return;
  // Hours of the day and weekdays do not lie in every bucket.
  if (question.group_by?.some((name) => name === 'hour_of_day' || name === 'weekday')) return;
  const filled = await again({ fill: true });
  const keyOf = ({ bucket, group }: MetricRow) => JSON.stringify([bucket, group]);
  const known = new Map(plain.map((row) => [keyOf(row), row]));
  const groups = new Set(plain.map(({ group }) => JSON.stringify(group)));
  if (!question.group_by?.length) groups.add('{}');
  const buckets = await bucketsOf(orm, { question, range });
  const keys = buckets.flatMap((bucket) => [...groups].map((group) => `["${bucket.toISOString()}",${group}]`));
  expect(filled.map(keyOf).toSorted()).toEqual(keys.toSorted());
  for (const row of filled) {
    const plainRow = known.get(keyOf(row));
    if (plainRow) expect(row).toEqual(plainRow);
    else expect(Object.values(row.values).every((value) => !Number(value))).toBe(true);
  }
}

/** With `compare_to_previous`, each value of the range before equals the plain answer of that range. Groups are those of now. */
async function comparison(orm: Orm, subject: MetricSubject, { question, range }: Asked, plain: readonly MetricRow[]) {
  const before = await ask(orm.em.fork(), subject, question, previousRange(range));
  const compared = await ask(orm.em.fork(), subject, { ...question, compare_to_previous: true }, range);
  const keyOf = ({ group }: MetricRow) => JSON.stringify(group);
  const rowOf = new Map(compared.map((row) => [keyOf(row), row]));
  for (const row of plain) expect(rowOf.get(keyOf(row))?.values).toEqual(row.values);
  const groups = new Set(plain.map(keyOf));
  for (const row of before.filter((each) => groups.has(keyOf(each)))) {
    expect(rowOf.get(keyOf(row))?.previous).toEqual(row.values);
  }
}

function compareNullsLast(a: unknown, b: unknown, sign: 1 | -1): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return sign * Math.sign(Number(a) - Number(b));
}

/** The local buckets of every minute of a range. */
async function bucketsOf(orm: Orm, { question, range }: Asked): Promise<Date[]> {
  const { rows } = await sql<{ bucket: string }>`
    SELECT DISTINCT date_trunc(${question.granularity}, at, ${range.timeZone}) AS bucket
    FROM (SELECT generate_series(${range.startInclusive}::timestamptz, ${range.endExclusive}::timestamptz - interval '1 ms',
            interval '1 minute') AS at
          UNION ALL SELECT ${range.endExclusive}::timestamptz - interval '1 ms') m`.execute(dbOf(orm.em.fork()));
  return rows.map(({ bucket }) => pgTime(bucket));
}
