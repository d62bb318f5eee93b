import { Decimal } from 'decimal.js';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dbOf, type Orm } from '../../shared/db/orm.ts';
import { DEFAULT_USAGE_COUNTERS } from '../../shared/domain/usage-counters.ts';
import { TidemarkError } from '../../shared/errors.ts';
import { ask } from '../../shared/metrics/ask.ts';
import type { Question } from '../../shared/metrics/question.ts';
import type { MetricValues } from '../../shared/metrics/value.ts';
import { dirtyGroups, refreshDirty } from '../../shared/rollups/refresh-dirty.ts';
import { verifyOrganisation } from '../../shared/rollups/verify-organisation.ts';
import { newOrganisation, refreshAll, store } from '../rollups/facts.ts';
import { startService, type TestService } from '../service/service.ts';
import { arrangements } from './arrangements.ts';
import { localSpanMs } from './local-elapsed.ts';
import { dimensionOf, expected, readFacts, type StoredRow, satisfies, userFacts } from './oracle.ts';
import { type Asked, beginnings, questions } from './questions.ts';
import { records } from './records.ts';

let service: TestService;
let orm: Orm;
beforeAll(async () => {
  service = await startService({ workers: false });
  orm = service.orm;
});
afterAll(() => service.close());

const days = 4;

/** The expected answer, computed from the facts alone. */
async function bruteForce(orgId: string, { question, range }: Asked) {
  const facts = await readFacts(orm, orgId, range.timeZone, question.granularity);
  const answer = new Map<string, Record<string, number | null>>();
  const keyOf = (row: StoredRow) =>
    JSON.stringify([row.bucket, ...(question.group_by ?? []).map((name) => dimensionOf(row, name))]);
  const matches = (row: StoredRow) =>
    row.at >= range.startInclusive.getTime() &&
    row.at < range.endExclusive.getTime() &&
    (question.filters ?? []).every((filter) => satisfies(dimensionOf(row, filter.dimension), filter));
  const rowsOf = new Map(
    question.metrics.map((name) => [name, (expected[name]?.of ?? []).flatMap((kind) => facts[kind]).filter(matches)]),
  );
  const keys = new Set([...rowsOf.values()].flatMap((rows) => rows.map(keyOf)));
  if (!question.group_by?.length && !question.granularity) keys.add('[null]');
  const seen = userFacts.flatMap((kind) => facts[kind]);
  const firstSeenMs = (userId: string) =>
    Math.min(...seen.filter((row) => row.text('user_id') === userId).map(({ at }) => at));
  for (const key of keys) {
    const values = question.metrics.map((name) => {
      const rows = (rowsOf.get(name) ?? []).filter((row) => keyOf(row) === key);
      const atMs = [...rowsOf.values()].flat().find((row) => keyOf(row) === key)?.at;
      const elapsedMs = () => localSpanMs(range, question.granularity, atMs ?? range.startInclusive.getTime());
      return [name, expected[name]?.value(rows, { firstSeenMs, elapsedMs }) ?? null];
    });
    answer.set(key, Object.fromEntries(values));
  }
  return answer;
}

async function compare(orgId: string, asked: Asked) {
  const { question, range } = asked;
  const subject = { orgId, counters: DEFAULT_USAGE_COUNTERS };
  const answered = await ask(orm.em.fork(), subject, question, range);
  const expectedRows = await bruteForce(orgId, asked);
  const found = new Map(
    answered.map(({ bucket, group, values }) => [
      JSON.stringify([bucket?.getTime() ?? null, ...(question.group_by ?? []).map((name) => group[name] ?? null)]),
      values,
    ]),
  );
  // For a group without any known user, one side may have a row of zeros where the other has none.
  const empty = (values: MetricValues) => Object.values(values).every((value) => !Number(value));
  for (const [key, values] of expectedRows) {
    const got = found.get(key) ?? (empty(values) ? values : undefined);
    expect({ key, metrics: Object.keys(got ?? {}) }).toEqual({ key, metrics: question.metrics });
    for (const name of question.metrics) {
      const [actual, value] = [got?.[name] ?? null, values[name] ?? null];
      if (actual === null || value === null) expect({ key, name, actual }).toEqual({ key, name, actual: value });
      else if (actual instanceof Decimal && !/per_/.test(name)) {
        // Sent amounts have at most three decimals.
        expect(`${name} of ${key}: ${actual.toFixed()}`).toBe(
          `${name} of ${key}: ${new Decimal(value.toFixed(3)).toFixed()}`,
        );
      } else {
        // Quantiles are accurate to 1 % by definition, all other numbers up to double rounding.
        const allowed = /p\d\d_/.test(name) ? value * 0.01 + 1e-9 : Math.abs(value) * 1e-12;
        const message = `${name} of ${key}: ${actual}, not ${value}`;
        expect(Math.abs(Number(actual) - value), message).toBeLessThanOrEqual(allowed);
      }
    }
  }
  for (const [key, values] of found)
    if (!expectedRows.has(key)) expect({ key, empty: empty(values) }).toEqual({ key, empty: true });
  await arrangements(orm, subject, asked, answered);
  const asJson = (values: MetricValues) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value === null ? null : Number(value)]));
  expect(await overHttp(orgId, asked)).toEqual(
    answered.map(({ bucket, group, values }) => ({ bucket, group, values: asJson(values) })),
  );
}

/** The rows of the same question over HTTP, in the form of `ask`. Its time zone is the organisation's. */
async function overHttp(orgId: string, { question, range }: Asked) {
  await sql`UPDATE organisations SET time_zone = ${range.timeZone} WHERE org_id = ${orgId}`.execute(
    dbOf(orm.em.fork()),
  );
  const client = await service.clientFor(orgId, 'admin');
  const [start_date, end_date] = [range.startInclusive.toISOString(), range.endExclusive.toISOString()];
  const { status, json } = await client.post('/query', { ...question, start_date, end_date, limit: 10_000 });
  expect(status, JSON.stringify(json)).toBe(200);
  return json.rows.map((row: Record<string, string | number | null>) => ({
    bucket: typeof row.bucket === 'string' ? new Date(row.bucket) : null,
    group: Object.fromEntries(
      (question.group_by ?? []).map((name) => [name, row[name] === null ? null : String(row[name])]),
    ),
    values: Object.fromEntries(question.metrics.map((name) => [name, row[name]])),
  }));
}

// 20 questions a run: 12 runs in the suite, 60 (1,200 questions) with TIDEMARK_LONG_TESTS.
const long = process.env.TIDEMARK_LONG_TESTS !== undefined;

it('answers every question as a brute-force scan of the facts does, through refreshes, late data and merges', {
  timeout: long ? 900_000 : 120_000,
}, async () => {
  const scene = fc.constantFrom(...beginnings).chain((fromMs) =>
    fc.record({
      batches: fc.array(fc.array(records(fromMs, days), { minLength: 1, maxLength: 40 }), {
        minLength: 1,
        maxLength: 4,
      }),
      refresh: fc.array(fc.constantFrom('all', 'one', 'none'), { minLength: 4, maxLength: 4 }),
      asked: fc.array(questions(fromMs, days), { minLength: 20, maxLength: 20 }),
    }),
  );
  await fc.assert(
    fc.asyncProperty(scene, async ({ batches, refresh, asked }) => {
      const orgId = await newOrganisation(orm);
      for (const [n, batch] of batches.entries()) {
        await store(orm, orgId, batch);
        if (refresh[n] === 'all') await refreshAll(orm, orgId);
        if (refresh[n] === 'one') {
          const [group] = await dirtyGroups(dbOf(orm.em.fork()), 1, { orgId });
          if (group) await refreshDirty(orm.em.fork(), group);
        }
      }
      for (const question of asked) await compare(orgId, question);
      await refreshAll(orm, orgId);
      expect((await verifyOrganisation(orm.em.fork(), orgId)).differences).toEqual([]);
    }),
    { numRuns: long ? 60 : 12, endOnFailure: true },
  );
});

it('rejects unknown names, and lists the valid ones', async () => {
  const range = { startInclusive: new Date(0), endExclusive: new Date(1), timeZone: 'UTC' };
  const subject = { orgId: 'nobody', counters: DEFAULT_USAGE_COUNTERS };
  const refused = (question: Partial<Question>) =>
    ask(orm.em.fork(), subject, { metrics: ['execution_count'], ...question }, range).then(
      () => [],
      (error: unknown) => (error instanceof TidemarkError ? error.errors : [String(error)]),
    );
  expect(await refused({ metrics: ['executoin_count'] })).toEqual([
    { field: 'metrics', message: expect.stringContaining('executions.count') },
  ]);
  expect(await refused({ group_by: ['colour'] })).toEqual([
    { field: 'group_by', message: expect.stringMatching(/colour .*agent.*user/) },
  ]);
  expect(
    await refused({ metrics: ['total_cost'], filters: [{ dimension: 'model', operator: 'equal', value: 'gpt-4o' }] }),
  ).toEqual([
    { field: 'filters', message: expect.stringContaining('model is not a dimension of all requested metrics') },
  ]);
  expect(await refused({ order: [{ by: 'success_rate', direction: 'asc' }] })).toEqual([
    { field: 'order', message: 'must name one of: execution_count' },
  ]);
  expect(await refused({ having: [{ metric: 'success_rate', operator: 'equal', value: 1 }] })).toEqual([
    { field: 'having', message: 'must name a requested metric: execution_count' },
  ]);
  expect(await refused({ compare_to_previous: true, granularity: 'day' })).toHaveLength(1);
  expect(await refused({ fill: true })).toEqual([{ field: 'fill', message: 'requires a granularity' }]);
});
