import type { RawBuilder } from 'kysely';
import type { Db } from '../db/orm.ts';
import { previousRange, type TimeRange } from '../domain/time-range.ts';
import type { UsageCounters } from '../domain/usage-counters.ts';
import type { FactKind } from '../facts/index.ts';
import { localOffsets, readStale, type StaleFacts } from '../rollups/rollup-state.ts';
import { USER_FACTS } from './compile/active-users.ts';
import { arrange } from './compile/arrange.ts';
import { typeOf } from './compile/formulas.ts';
import { isLocal, type Scope } from './compile/measures.ts';
import { compileRows } from './compile/rows.ts';
import type { Reading } from './compile/sources.ts';
import { factsOf, isClockDimension } from './dimensions.ts';
import { BUCKET, type Question } from './question.ts';
import type { RelationColumn } from './relation-column.ts';
import { type ResolvedQuestion, resolveQuestion } from './resolve.ts';

/** Whose numbers, and which event names count as what. */
export interface MetricSubject {
  orgId: string;
  counters: Readonly<UsageCounters>;
}

/** A question as one SELECT, which COPY can stream too (`withLiterals`). */
export interface Relation {
  columns: readonly RelationColumn[];
  rows: RawBuilder<unknown>;
}

/**
 * Compiles a question to one SELECT. Clean whole buckets come from the rollups, the rest from the facts; which they are is read
 * now, so the SELECT is right in the snapshot of `db` alone.
 * @param db in a snapshot (`inSnapshot`)
 * @throws TidemarkError `validation` for names that are not in the catalog
 */
export async function relation(
  db: Db,
  subject: MetricSubject,
  question: Question,
  range: TimeRange,
): Promise<Relation> {
  const resolved = resolveQuestion(question, range);
  const read = async (of: TimeRange): Promise<StaleFacts> => readState(db, subject.orgId, resolved, of);
  const { granularity } = question;
  const isByClock = isLocal({ granularity, groupBy: resolved.groupBy });
  const whole = question.compare_to_previous
    ? { ...range, startInclusive: previousRange(range).startInclusive }
    : range;
  const offsetsSeconds = isByClock ? await localOffsets(db, whole) : [];
  return compile(subject, question, resolved, range, {
    offsetsSeconds,
    now: await read(range),
    before: question.compare_to_previous ? await read(previousRange(range)) : NOTHING_STALE,
  });
}

/**
 * Compiles a question of the facts that were stored up to a moment. The facts alone are read, so that any snapshot gives the
 * same rows as long as none is removed or changed.
 * @param asOf a time in PostgreSQL's full precision
 * @throws TidemarkError `validation` for names that are not in the catalog
 * @throws Error for metrics of users by when they were first seen
 */
export function relationAsOf(subject: MetricSubject, question: Question, range: TimeRange, asOf: string): Relation {
  const state = { offsetsSeconds: [], now: NOTHING_STALE, before: NOTHING_STALE, asOf };
  return compile(subject, question, resolveQuestion(question, range), range, state);
}

const NOTHING_STALE: StaleFacts = () => ({ quarterHours: [], rollupsFromMs: null });

interface State {
  offsetsSeconds: readonly number[];
  now: StaleFacts;
  before: StaleFacts;
  asOf?: string;
}

function compile(
  { orgId, counters }: MetricSubject,
  question: Question,
  resolved: ResolvedQuestion,
  range: TimeRange,
  { offsetsSeconds, now, before, asOf }: State,
): Relation {
  const { groupBy, filters } = resolved;
  const { granularity } = question;
  const scope: Scope = { orgId, timeZone: range.timeZone, granularity, offsetsSeconds, groupBy, filters, asOf };
  const reading: Reading = { scope, range, stale: now, counters };
  const previous: Reading | null = question.compare_to_previous
    ? { scope, range: previousRange(range), stale: before, counters }
    : null;
  const columns = columnsOf(question, resolved);
  const rows = compileRows({ question, resolved, columns, now: reading, before: previous });
  return { columns, rows: arrange(question, columns, rows) };
}

/** The columns of the answer to a question, in order. */
function columnsOf(question: Question, { asked, labels, groupBy }: ResolvedQuestion): RelationColumn[] {
  const metrics = asked.map(({ name, metric }) => ({ name, of: name, type: typeOf(metric), unit: metric.unit }));
  return [
    ...(question.granularity === undefined
      ? []
      : [{ name: BUCKET, kind: 'bucket', type: 'timestamptz', of: BUCKET, unit: null } as const]),
    ...groupBy.map((name): RelationColumn => {
      return { name, kind: 'dimension', type: isClockDimension(name) ? 'integer' : 'text', of: name, unit: null };
    }),
    ...labels.map(({ name }): RelationColumn => ({ name, kind: 'label', type: 'text', of: name, unit: null })),
    ...metrics.map((metric): RelationColumn => ({ ...metric, kind: 'metric' })),
    ...(question.compare_to_previous
      ? metrics.map((metric): RelationColumn => ({ ...metric, kind: 'previous', name: `previous_${metric.name}` }))
      : []),
  ];
}

/** What the ledger says of the facts that are asked for; since ever where it is asked who was ever seen. */
function readState(
  db: Db,
  orgId: string,
  { base, labels }: Pick<ResolvedQuestion, 'base' | 'labels'>,
  { startInclusive, endExclusive }: TimeRange,
): Promise<StaleFacts> {
  const kinds = new Set<FactKind>(labels.map(({ label }) => label.fact));
  let sinceEver = false;
  for (const { formula } of base) {
    if (formula.kind === 'known-users') {
      sinceEver = true;
      for (const { kind } of USER_FACTS) kinds.add(kind);
    } else for (const kind of factsOf(formula)) kinds.add(kind);
  }
  // Of a bucket that began before the range nothing is read, changed or not.
  return readStale(db, orgId, [...kinds], {
    startInclusive: sinceEver ? new Date(0) : startInclusive,
    endExclusive,
  });
}
