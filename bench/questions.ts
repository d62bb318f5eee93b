import { localDay } from '../shared/calendar/local-days.ts';
import { dbOf } from '../shared/db/orm.ts';
import { inSnapshot } from '../shared/db/transaction.ts';
import { DEFAULT_USAGE_COUNTERS } from '../shared/domain/usage-counters.ts';
import { askIn } from '../shared/metrics/ask.ts';
import type { Question } from '../shared/metrics/question.ts';
import { LARGEST } from './fill-facts.ts';
import { type Figure, quantileOf, seconds } from './measure.ts';
import type { Scene } from './scene.ts';

const TIMES = 40;

/** The queries of a summary page without users: totals of this and the previous period, then agents, tools, workflows. */
const SUMMARY: readonly Question[] = [
  {
    metrics: [
      'total_executions',
      'success_rate',
      'avg_response_time_ms',
      'total_tokens',
      'total_cost',
      'error_count',
      'session_count',
    ],
    compare_to_previous: true,
  },
  { metrics: ['execution_count', 'success_rate', 'avg_duration_ms', 'total_tokens'], group_by: ['agent'] },
  { metrics: ['tool_call_count', 'tool_usages.success_rate'], group_by: ['tool'] },
  { metrics: ['workflow_count', 'agent_workflows.success_rate'], group_by: ['workflow_type'] },
  { metrics: ['executions.failure_count'], group_by: ['error_type'] },
];

/** Measures queries over 30 local days in one snapshot, as an endpoint runs them: 95th percentile in seconds. */
async function askAll(scene: Scene, timeZone: string, questions: readonly Question[]): Promise<number> {
  const em = scene.orm.em.fork();
  const today = new Date(Date.now() + 5.5 * 3_600_000).toISOString().slice(0, 10);
  const end = await localDay(dbOf(em), today, timeZone);
  const range = { ...end, startInclusive: new Date(end.endExclusive.getTime() - 30 * 86_400_000) };
  const taken: number[] = [];
  for (let n = 0; n < TIMES + 5; n += 1) {
    const time = await seconds(() =>
      inSnapshot(em, async (snapshot) => {
        for (const question of questions) {
          await askIn(snapshot, { orgId: LARGEST, counters: DEFAULT_USAGE_COUNTERS }, question, range);
        }
      }),
    );
    if (n >= 5) taken.push(time);
  }
  return quantileOf(taken, 0.95);
}

export interface QuestionTimes {
  utc: number;
  kolkata: number;
  distinct: number;
}

/** The 95th percentiles, in seconds. */
export async function askQuestions(scene: Scene): Promise<QuestionTimes> {
  return {
    utc: await askAll(scene, 'UTC', SUMMARY),
    kolkata: await askAll(scene, 'Asia/Kolkata', SUMMARY),
    distinct: await askAll(scene, 'UTC', [{ metrics: ['active_users'] }]),
  };
}

/** Returns the figures of the queries at the larger size, and their growth from the smaller. */
export function questionFigures(
  small: { rows: number; times: QuestionTimes },
  large: { rows: number; times: QuestionTimes },
): Figure[] {
  const limited = (name: string, ours: number, limit: number) =>
    bounded(`${name}, p95 at ${large.rows} rows`, ours, limit);
  return [
    limited('summary queries over 30 days in UTC', large.times.utc, 0.05),
    limited('summary queries over 30 days at +5:30', large.times.kolkata, 0.1),
    limited('distinct users over 30 days', large.times.distinct, 0.3),
    {
      ...bounded('summary queries over 30 days in UTC', large.times.utc, small.times.utc),
      limitName: `the same at ${small.rows} rows, p95`,
      goal: 1.3,
    },
  ];
}

/** A figure with a fixed limit in seconds. */
function bounded(name: string, ours: number, limit: number): Figure {
  return {
    name,
    unit: 's',
    ours,
    limitName: 'the limit',
    limit,
    ratio: ours / limit,
    goal: 1,
    moreIsBetter: false,
    rounds: [{ ours, limit }],
  };
}

/** Measures API calls that must respond quickly at any size. */
export async function askEndpoints(scene: Scene, key: string): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [path, quantile, limit] of [
    ['/health', 0.99, 0.05],
    ['/metrics', 0.95, 0.05],
    ['/ai-features', 0.95, 0.05],
    ['/top-users?limit=10', 0.95, 0.1],
    ['/popular-scenarios?limit=10', 0.95, 0.1],
  ] as const) {
    const taken: number[] = [];
    for (let n = 0; n < 105; n += 1) {
      const time = await seconds(async () => {
        const { status } = await scene.call('GET', path, key);
        if (status !== 200) throw new Error(`${path} returned status ${status}`);
      });
      if (n >= 5) taken.push(time);
    }
    figures.push(bounded(`GET ${path}, p${quantile * 100}`, quantileOf(taken, quantile), limit));
  }
  return figures;
}
