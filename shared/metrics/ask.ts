import { type RawBuilder, sql } from 'kysely';
import type { Db, Entities } from '../db/orm.ts';
import { inSnapshot } from '../db/snapshot.ts';
import type { TimeRange } from '../domain/time-range.ts';
import type { UsageCounters } from '../domain/usage-counters.ts';
import { type Fact, type FactKind, facts } from '../facts/index.ts';
import type { MeasureSet } from '../rollups/aggregate.ts';
import { localOffsets, readStale } from '../rollups/rollup-state.ts';
import { arranged, Groups, labelSource, type Read, sourceOf } from './answer.ts';
import { activityParts, compileWhoWasActive, USER_FACTS } from './compile/active-users.ts';
import { countersOf, countingColumn, countingScope, summed } from './compile/counters.ts';
import { firstSeen } from './compile/known-users.ts';
import { compileMeasures, groupNames, isLocal, localColumns, type Scope, usableGrains } from './compile/measures.ts';
import { spansOf } from './compile/spans.ts';
import { compileDistinctUsers, compileUserMeasures, isOfUsers, usableUserGrains } from './compile/users.ts';
import type { BaseMetric } from './definition.ts';
import { factsOf } from './dimensions.ts';
import { readElapsed } from './elapsed.ts';
import { intervalOf, type MetricQuery, type MetricRow, type ResolvedQuery, resolveQuery } from './query.ts';

/** Whose numbers, and which event names count as what. */
export interface MetricSubject {
  orgId: string;
  counters: Readonly<UsageCounters>;
}

/**
 * Answers a question to the catalog. All that it reads is of one snapshot: clean whole buckets come from the rollups, the
 * rest from the facts, so the answer is right also a moment after a write.
 * @throws TidemarkError `validation` for names that are not in the catalog
 */
export async function queryMetrics(em: Entities, subject: MetricSubject, query: MetricQuery): Promise<MetricRow[]> {
  // Before a transaction is begun for nothing.
  resolveQuery(query);
  return inSnapshot(em, (db) => answerMetrics(db, subject, query));
}

/**
 * Answers one of several questions whose answers belong together. @param db in a snapshot (`inSnapshot`)
 * @throws TidemarkError `validation` for names that are not in the catalog
 */
export async function answerMetrics(db: Db, subject: MetricSubject, query: MetricQuery): Promise<MetricRow[]> {
  const resolved = resolveQuery(query);
  const now = await readGroups(db, subject, resolved, query, query.range);
  const before = query.compareToPrevious
    ? await readGroups(db, subject, resolved, query, previousRange(query.range))
    : null;
  return arranged(query, resolved, now, before);
}

/** The range of the same length that ends where this one starts. */
function previousRange({ startInclusive, endExclusive, timeZone }: TimeRange): TimeRange {
  const lengthMs = endExclusive.getTime() - startInclusive.getTime();
  return { startInclusive: new Date(startInclusive.getTime() - lengthMs), endExclusive: startInclusive, timeZone };
}

/** Metrics of one statement are read together: those of one fact, and all counters of one fact. */
function statementOf(metric: BaseMetric): string {
  const { formula } = metric;
  return formula.kind === 'additive' && formula.counter ? `${formula.fact}/counters` : sourceOf(metric);
}

async function readGroups(
  db: Db,
  { orgId, counters }: MetricSubject,
  { base, labels, needsElapsed, groupBy, filters }: ResolvedQuery,
  { granularity }: MetricQuery,
  range: TimeRange,
): Promise<Groups> {
  const stale = await readState(db, orgId, { base, labels }, range);
  const offsetsSeconds = isLocal({ granularity, groupBy }) ? await localOffsets(db, range) : [];
  const scope: Scope = { orgId, timeZone: range.timeZone, granularity, offsetsSeconds, groupBy, filters };
  const interval = intervalOf(range);
  const groups = new Groups(needsElapsed ? await readElapsed(db, scope, range) : () => null);
  const names = groupNames(scope);
  const execute = async (statement: RawBuilder<unknown>) => (await sql<Read>`${statement}`.execute(db)).rows;
  const measuresOfFact = (fact: Fact, of: Scope, measureSet: MeasureSet) => {
    if (isOfUsers(of, fact, measureSet)) {
      const spans = spansOf(interval, stale(fact.kind), usableUserGrains(of, fact));
      return compileUserMeasures(of, fact, measureSet.measures, spans);
    }
    return compileMeasures(
      of,
      fact,
      measureSet,
      spansOf(interval, stale(fact.kind), usableGrains(of, fact, measureSet)),
    );
  };

  for (const [statement, metrics] of Map.groupBy(base, statementOf)) {
    const formula = metrics[0]?.formula;
    if (!formula) continue;
    if (formula.kind === 'distinct' && isOfAllUsers(scope, formula.facts)) {
      const active = compileWhoWasActive(activityParts(orgId, interval, stale));
      // DISTINCT first, as `count(DISTINCT …)` would sort.
      const users = sql`SELECT count(*) AS users FROM (SELECT DISTINCT user_id FROM (${active}) a) d`;
      groups.add(statement, names, await execute(users));
    } else if (formula.kind === 'distinct') {
      const parts = formula.facts.map((kind) => {
        const fact = facts[kind];
        return { fact, spans: spansOf(interval, stale(kind), usableUserGrains(scope, fact)) };
      });
      groups.add(statement, names, await execute(compileDistinctUsers(scope, parts)));
    } else if (formula.kind === 'known-users') {
      const changes = USER_FACTS.map((fact) => ({ fact, dirty: stale(fact.kind).quarterHours }));
      const seen = firstSeen(orgId, changes);
      groups.add(statement, names, await execute(countKnownUsers(scope, range, formula.which, seen)));
    } else if (formula.kind === 'additive' && formula.counter) {
      const counted = countersOf(metrics, counters);
      const wanted = countingScope(scope, formula.fact, [...counted.values()].flat());
      const rows = await execute(measuresOfFact(facts[formula.fact], wanted, measureSetOf(metrics)));
      for (const [counter, named] of counted) {
        const own = rows.filter((row) => named.includes(String(row[countingColumn(formula.fact)])));
        groups.add(`${formula.fact}/${counter}`, names, summed(own, names, formula.measure));
      }
    } else {
      groups.add(statement, names, await execute(measuresOfFact(facts[formula.fact], scope, measureSetOf(metrics))));
    }
  }
  for (const { name, label } of labels) {
    const measureSet = { measures: [label.measure], sketches: [] };
    groups.add(labelSource(name), names, await execute(measuresOfFact(facts[label.fact], scope, measureSet)));
  }
  return groups;
}

/** Whether different users are asked for over all that users do, undivided: their days hold that together. */
function isOfAllUsers(scope: Scope, kinds: readonly FactKind[]): boolean {
  const isWhole = !isLocal(scope) && scope.groupBy.length === 0 && Object.keys(scope.filters).length === 0;
  return isWhole && kinds.length === USER_FACTS.length && USER_FACTS.every(({ kind }) => kinds.includes(kind));
}

function measureSetOf(metrics: readonly BaseMetric[]) {
  const measures = new Set<string>();
  const sketches = new Set<string>();
  for (const { formula } of metrics) {
    if (formula.kind === 'additive') measures.add(formula.measure);
    if (formula.kind === 'ratio') for (const name of [formula.numerator, ...formula.denominators]) measures.add(name);
    if (formula.kind === 'sketch') sketches.add(formula.sketch);
  }
  return { measures: [...measures], sketches: [...sketches] };
}

function countKnownUsers(scope: Scope, range: TimeRange, which: 'all' | 'new', seen: RawBuilder<unknown>) {
  const bucket = localColumns(scope, sql`s.at`).map(({ name, value }) => sql`${value} AS ${sql.ref(name)}`);
  const columns = sql.join([...bucket, sql`count(*) AS users`]);
  const grouped = bucket.length > 0 ? sql`GROUP BY 1` : sql``;
  if (which === 'new') {
    return sql`SELECT ${columns} FROM (${seen}) s
      WHERE s.at >= ${range.startInclusive}::timestamptz AND s.at < ${range.endExclusive}::timestamptz ${grouped}`;
  }
  return sql`SELECT ${columns} FROM (${seen}) s WHERE s.at < ${range.endExclusive}::timestamptz ${grouped}`;
}

/** What the ledger says of the facts that are asked for; since ever where it is asked who was ever seen. */
function readState(
  db: Db,
  orgId: string,
  { base, labels }: Pick<ResolvedQuery, 'base' | 'labels'>,
  { startInclusive, endExclusive }: TimeRange,
) {
  const kinds = new Set(labels.map(({ label }) => label.fact));
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
