import { z } from 'zod';
import { resolveRange } from '../../../shared/calendar/resolve-range.ts';
import { type Db, dbOf } from '../../../shared/db/orm.ts';
import { inSnapshot, isStatementTimeout, limitStatements } from '../../../shared/db/transaction.ts';
import { previousRange, type TimeRange } from '../../../shared/domain/time-range.ts';
import { TidemarkError } from '../../../shared/errors.ts';
import { answerIn, type MetricSubject } from '../../../shared/metrics/ask.ts';
import { narrowToUser } from '../../../shared/metrics/narrow.ts';
import { type Filter, QUESTION_LANGUAGE, type Question, questionSchema } from '../../../shared/metrics/question.ts';
import { streamCsv } from '../../../shared/metrics/stream-csv.ts';
import { NotAcceptableError } from '../../http/http-error.ts';
import { ownUserId, storedUserId } from '../../http/narrow.ts';
import { defineRoute, type RequestContext, type Route } from '../../route.ts';
import { metricSubject } from '../metric-subject.ts';
import { presentAnswer } from './present.ts';
import { queryAnswerSchema } from './schema.ts';

const query = defineRoute({
  method: 'POST',
  path: '/query',
  access: { least: 'admin', scope: 'metrics', self: true },
  tag: 'Metrics',
  summary: 'Answer a question of the metric catalog',
  description:
    'Metrics, dimensions and operators are listed by `GET /metric-catalog`. The answer equals the facts at the time of the request. JSON has 1,000 rows unless `limit` says otherwise; with `Accept: text/csv` all rows are streamed, with all digits of amounts of money. A member’s question is restricted to its own data.',
  body: questionSchema,
  // It changes nothing, so a repeated request is safe without a key.
  takesIdempotencyKey: false,
  asksAggregate: true,
  faults: ['not-acceptable'],
  answers: {
    200: { description: 'The answer.', schema: queryAnswerSchema, files: { 'text/csv': z.string() } },
  },
  example: {
    body: {
      metrics: ['executions.count', 'executions.success_rate'],
      group_by: ['agent'],
      period: '30d',
      order: [{ by: 'executions.count', direction: 'desc' }],
      limit: 10,
    },
  },
  async handle(context, { body }) {
    const type = context.accepts('application/json', 'text/csv');
    if (type === undefined) throw new NotAcceptableError('The answer is application/json or text/csv.');
    const { em, deps, caller } = context;
    const { period, days, start_date, end_date, ...asked } = body;
    const range = await resolveRange(dbOf(em), { period, days, start_date, end_date }, caller.timeZone, new Date());
    const question = ownQuestion(context, asked);
    const subject = await metricSubject(context);
    if (type === 'text/csv') {
      const stream = await deps.streamPermits.open(caller.credential.orgId, () =>
        streamCsv(deps.orm, em, { subject, question, range, signal: context.clientLeft() }),
      );
      return { status: 200, stream, headers: { 'Content-Type': 'text/csv; charset=utf-8' } };
    }
    const limited = { ...question, limit: question.limit ?? QUESTION_LANGUAGE.limits.default_limit };
    const timeoutSeconds = deps.config.QUERY_TIMEOUT_SECONDS;
    const found = await withinTimeout(timeoutSeconds, () =>
      inSnapshot(em, async (db) => {
        await limitStatements(db, timeoutSeconds * 1000);
        return answer(db, subject, limited, range);
      }),
    );
    return { status: 200, body: found };
  },
});

/** @throws TidemarkError `unavailable` where a statement of `work` exceeded its time */
async function withinTimeout<Result>(timeoutSeconds: number, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!isStatementTimeout(error)) throw error;
    const message = `The question took longer than ${timeoutSeconds} s; ask for a shorter range or fewer groups.`;
    throw new TidemarkError('unavailable', message, { cause: error });
  }
}

/**
 * Buckets of two ranges have nothing in common to be joined by, so with a granularity the previous range is a question of its
 * own, in the same snapshot.
 */
async function answer(db: Db, subject: MetricSubject, question: Question, range: TimeRange) {
  if (question.granularity === undefined || !question.compare_to_previous) {
    return presentAnswer(await answerIn(db, subject, question, range), range);
  }
  const single = { ...question, compare_to_previous: false };
  const now = await answerIn(db, subject, single, range);
  return presentAnswer(now, range, await answerIn(db, subject, single, previousRange(range)));
}

/** The question with users as stored, restricted to the caller's own data where it is a member. */
function ownQuestion(context: RequestContext, asked: Question): Question {
  const filters = asked.filters?.map((filter) => storedFilter(context, filter));
  const question = { ...asked, filters };
  const own = ownUserId(context);
  return own === undefined ? question : narrowToUser(question, own);
}

function storedFilter(context: RequestContext, filter: Filter): Filter {
  if (filter.dimension !== 'user') return filter;
  switch (filter.operator) {
    case 'equal':
    case 'not_equal':
      return { ...filter, value: filter.value === null ? null : storedUserId(context, filter.value) };
    case 'in':
    case 'not_in':
      return { ...filter, value: filter.value.map((id) => (id === null ? null : storedUserId(context, id))) };
    case 'is_null':
    case 'is_not_null':
    case 'contains':
    case 'starts_with':
      return filter;
  }
}

export const queryRoutes: readonly Route[] = [query];
