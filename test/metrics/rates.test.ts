import { expect, it } from 'vitest';
import type { Orm } from '../../shared/db/orm.ts';
import type { TimeRange } from '../../shared/domain/time-range.ts';
import { DEFAULT_USAGE_COUNTERS } from '../../shared/domain/usage-counters.ts';
import { TidemarkError } from '../../shared/errors.ts';
import { ask as askCatalog } from '../../shared/metrics/ask.ts';
import type { Question } from '../../shared/metrics/question.ts';
import { numberOf } from '../../shared/metrics/value.ts';
import { useTestOrm } from '../database.ts';
import { newOrganisation, refreshAll, store } from '../rollups/facts.ts';

let orm: Orm;
useTestOrm(4, (opened) => {
  orm = opened;
});

const hourMs = 3_600_000;

async function organisationWith(startsMs: readonly number[]): Promise<string> {
  const orgId = await newOrganisation(orm);
  const started = startsMs.map((ms) => ({
    type: 'execution',
    agent_id: 'a',
    status: 'success',
    started_at: new Date(ms).toISOString(),
  }));
  await store(orm, orgId, started);
  await refreshAll(orm, orgId);
  return orgId;
}

function ask(orgId: string, { range: of, ...question }: Question & { range: TimeRange }) {
  return askCatalog(orm.em.fork(), { orgId, counters: DEFAULT_USAGE_COUNTERS }, question, of);
}

function range(from: string | number, to: string | number, timeZone = 'UTC') {
  return { startInclusive: new Date(from), endExclusive: new Date(to), timeZone };
}

it('counts only the elapsed time of a range that ends in the future, and all of the previous range', async () => {
  const beganMs = Date.now();
  const starts = [-170, -160, -150, -140, -130, -120, -30, -20, -10].map((minutes) => beganMs + minutes * 60_000);
  const orgId = await organisationWith(starts);
  const [row] = await ask(orgId, {
    metrics: ['queries_per_hour', 'executions_per_minute'],
    range: range(beganMs - hourMs, beganMs + hourMs),
    compare_to_previous: true,
  });
  // Three within an hour plus the duration of the test, six within the two hours before.
  const atLeast = 3 / ((Date.now() - beganMs) / hourMs + 1);
  const perHour = numberOf(row?.values ?? {}, 'queries_per_hour') ?? 0;
  expect(perHour).toBeLessThanOrEqual(3.001);
  expect(perHour).toBeGreaterThanOrEqual(atLeast - 0.001);
  expect(row?.values.executions_per_minute).toBeCloseTo(perHour / 60, 9);
  expect(row?.previous).toEqual({ queries_per_hour: 3, executions_per_minute: expect.closeTo(0.05, 9) });

  const [bucket] = await ask(orgId, {
    metrics: ['queries_per_hour', 'execution_count'],
    range: range(beganMs - hourMs, beganMs + 40 * 24 * hourMs),
    granularity: 'month',
    order: [{ by: 'execution_count', direction: 'desc' }],
  });
  expect(bucket?.values.queries_per_hour).toBeGreaterThan(0.99);
  for (const granularity of [undefined, 'minute', 'day'] as const) {
    const future = range(beganMs + hourMs, beganMs + 2 * hourMs);
    const rows = await ask(orgId, {
      metrics: ['queries_per_hour', 'cost_per_hour'],
      range: future,
      ...(granularity ? { granularity } : {}),
    });
    expect(rows.map(({ values }) => values)).toEqual(
      granularity ? [] : [{ queries_per_hour: null, cost_per_hour: null }],
    );
  }
});

it.each([
  { what: 'a day of 23 hours', zone: 'Europe/Zurich', at: '2025-03-30T12:00:00Z', by: 'day', hours: 23 },
  { what: 'a day of 25 hours', zone: 'Europe/Zurich', at: '2025-10-26T12:00:00Z', by: 'day', hours: 25 },
  { what: 'a day with midnight twice', zone: 'Atlantic/Azores', at: '2025-10-26T12:00:00Z', by: 'day', hours: 25 },
  { what: 'the day before that', zone: 'Atlantic/Azores', at: '2025-10-25T12:00:00Z', by: 'day', hours: 24 },
  { what: 'a day without midnight', zone: 'Atlantic/Azores', at: '2025-03-30T12:00:00Z', by: 'day', hours: 23 },
  { what: 'a week', zone: 'America/New_York', at: '2025-11-02T12:00:00Z', by: 'week', hours: 169 },
  { what: 'a month', zone: 'America/New_York', at: '2025-02-10T12:00:00Z', by: 'month', hours: 672 },
  { what: 'a UTC month', zone: 'UTC', at: '2025-03-10T12:00:00Z', by: 'month', hours: 744 },
  // Clocks go back from 02:00 to 01:30 at 15:00Z in April, and forward from 02:00 to 02:30 at 15:30Z in October.
  { what: 'an hour', zone: 'Australia/Lord_Howe', at: '2025-04-05T14:50:00Z', by: 'hour', hours: 1 },
  { what: 'a repeated half hour', zone: 'Australia/Lord_Howe', at: '2025-04-05T15:10:00Z', by: 'hour', hours: 0.5 },
  { what: 'an hour of 30 minutes', zone: 'Australia/Lord_Howe', at: '2025-10-04T15:40:00Z', by: 'hour', hours: 0.5 },
  { what: 'an hour at a 45-minute offset', zone: 'Asia/Kathmandu', at: '2025-10-04T15:40:00Z', by: 'hour', hours: 1 },
] as const)('divides by the real length of $what ($zone)', async ({ zone, at, by, hours }) => {
  const atMs = Date.parse(at);
  const orgId = await organisationWith([atMs]);
  const days = 40 * 24 * hourMs;
  const rows = await ask(orgId, {
    metrics: ['queries_per_hour'],
    range: range(atMs - days, atMs + days, zone),
    granularity: by,
  });
  expect(rows.map(({ values }) => values.queries_per_hour)).toEqual([expect.closeTo(1 / hours, 12)]);
  // Clipped to the range.
  const [cut] = await ask(orgId, {
    metrics: ['queries_per_hour'],
    range: range(atMs - 60_000, atMs + 120_000, zone),
    granularity: by,
  });
  expect(cut?.values.queries_per_hour).toBeCloseTo(20, 9);
});

it('rejects rates by hour of day or weekday, and returning users by any dimension', async () => {
  const refused = (question: Question) =>
    ask('nobody', { range: range(0, 1), ...question }).then(
      () => [],
      (error: unknown) => (error instanceof TidemarkError ? [error.code, ...error.errors] : [String(error)]),
    );
  expect(await refused({ metrics: ['execution_count', 'cost_per_hour'], group_by: ['hour_of_day'] })).toEqual([
    'validation',
    {
      field: 'group_by',
      message: expect.stringMatching(/^cost_per_hour .*hour_of_day .*use costs\.total, or granularity/),
    },
  ]);
  expect(await refused({ metrics: ['queries_per_hour'], group_by: ['agent', 'weekday'] })).toEqual([
    'validation',
    { field: 'group_by', message: expect.stringMatching(/^queries_per_hour .*weekday .*executions\.count/) },
  ]);
  expect(
    await refused({
      metrics: ['queries_per_hour'],
      filters: [{ dimension: 'weekday', operator: 'equal', value: '1' }],
    }),
  ).toEqual(['validation', { field: 'filters', message: expect.stringMatching(/^weekday is not a dimension/) }]);
  for (const metrics of [['returning_users'], ['returning_user_rate'], ['active_users', 'returning_users']]) {
    const none = expect.stringMatching(/ is not a dimension of all requested metrics; common dimensions: none$/);
    expect(
      await refused({
        metrics,
        group_by: ['feature'],
        filters: [{ dimension: 'user', operator: 'equal', value: 'u' }],
      }),
    ).toEqual(['validation', { field: 'group_by', message: none }, { field: 'filters', message: none }]);
    expect(await refused({ metrics, group_by: ['hour_of_day'] })).toHaveLength(2);
  }
});
