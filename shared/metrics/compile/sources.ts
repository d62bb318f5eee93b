import { type RawBuilder, sql } from 'kysely';
import type { TimeRange } from '../../domain/time-range.ts';
import type { UsageCounters } from '../../domain/usage-counters.ts';
import { type Fact, type FactKind, facts } from '../../facts/index.ts';
import type { MeasureSet } from '../../rollups/aggregate.ts';
import type { StaleFacts } from '../../rollups/rollup-state.ts';
import type { BaseMetric } from '../definition.ts';
import type { ResolvedQuestion } from '../resolve.ts';
import { activityParts, compileWhoWasActive, USER_FACTS } from './active-users.ts';
import { labelColumn, measureColumn, quantileColumn, usersColumn } from './columns.ts';
import { compileCounters, countersOf, countingScope } from './counters.ts';
import { compileKnownUsers, firstSeen } from './known-users.ts';
import { compileMeasures, groupNames, isLocal, type Scope, usableGrains } from './measures.ts';
import { compileQuantile } from './quantiles.ts';
import { intervalOf, type Spans, spansOf } from './spans.ts';
import { compileDistinctUsers, compileUserMeasures, isOfUsers, usableUserGrains } from './users.ts';

/** A part of a question that is read by itself: rows of the question's keys, each once, and what they hold. */
export interface Source {
  rows: RawBuilder<unknown>;
  columns: readonly SourceColumn[];
}

export interface SourceColumn {
  /** By which formulas find it (columns.ts). */
  name: string;
  type: string;
  /** Its value in a row `s` of the source. */
  value: RawBuilder<unknown>;
}

/** One range of a question, with the state of the rollups in the snapshot that it is read in. */
export interface Reading {
  scope: Scope;
  range: TimeRange;
  stale: StaleFacts;
  counters: Readonly<UsageCounters>;
}

/** What a question reads: metrics of one fact together, all counters of one fact together. */
export function compileSources(
  { base, labels }: Pick<ResolvedQuestion, 'base' | 'labels'>,
  reading: Reading,
): Source[] {
  const sources = [...Map.groupBy(base, sourceOf).values()].map((metrics) => compileSource(metrics, reading));
  for (const { name, label } of labels) {
    const rows = measuresOf(facts[label.fact], { measures: [label.measure], sketches: [] }, reading.scope, reading);
    // The text of a pair of time and text.
    const value = sql`${sql.ref(`s.${label.measure}`)}[2]`;
    sources.push({ rows, columns: [{ name: labelColumn(name), type: 'text', value }] });
  }
  return sources;
}

function sourceOf({ name, formula }: BaseMetric): string {
  if (formula.kind === 'distinct' || formula.kind === 'known-users') return name;
  return formula.kind === 'additive' && formula.counter ? `${formula.fact}/counters` : formula.fact;
}

function compileSource(metrics: readonly BaseMetric[], reading: Reading): Source {
  const [first] = metrics;
  if (!first) throw new Error('A source has one metric at least');
  const { scope, stale, range } = reading;
  const { formula } = first;
  switch (formula.kind) {
    case 'distinct':
      return usersSource(first, distinctUsers(formula.facts, reading));
    case 'known-users': {
      if (scope.asOf !== undefined) throw new Error(`${first.name} is not known as of a moment of ingestion`);
      const changes = USER_FACTS.map((fact) => ({ fact, dirty: stale(fact.kind).quarterHours }));
      return usersSource(first, compileKnownUsers(scope, range, formula.which, firstSeen(scope.orgId, changes)));
    }
    case 'additive':
    case 'ratio':
    case 'sketch':
      return formula.kind === 'additive' && formula.counter
        ? countersSource(formula.fact, metrics, reading)
        : factSource(facts[formula.fact], metrics, reading);
  }
}

function usersSource(metric: BaseMetric, rows: RawBuilder<unknown>): Source {
  return { rows, columns: [{ name: usersColumn(metric), type: 'bigint', value: sql`s.users` }] };
}

function distinctUsers(kinds: readonly FactKind[], reading: Reading): RawBuilder<unknown> {
  const { scope, range, stale } = reading;
  if (isOfAllUsers(scope, kinds)) {
    const active = compileWhoWasActive(activityParts(scope.orgId, intervalOf(range), stale));
    // DISTINCT first, as `count(DISTINCT …)` would sort.
    return sql`SELECT count(*) AS users FROM (SELECT DISTINCT user_id FROM (${active}) a) d`;
  }
  const parts = kinds.map((kind) => {
    const fact = facts[kind];
    return { fact, spans: spansFor(fact, usableUserGrains(scope, fact), reading) };
  });
  return compileDistinctUsers(scope, parts);
}

/** Whether different users are asked for over all that users do, undivided: their days hold that together. */
function isOfAllUsers(scope: Scope, kinds: readonly FactKind[]): boolean {
  const isWhole = !isLocal(scope) && scope.groupBy.length === 0 && scope.filters.length === 0;
  const isOfAllFacts = kinds.length === USER_FACTS.length && USER_FACTS.every(({ kind }) => kinds.includes(kind));
  return isWhole && isOfAllFacts && scope.asOf === undefined;
}

function countersSource(kind: FactKind, metrics: readonly BaseMetric[], reading: Reading): Source {
  const counted = countersOf(metrics, reading.counters);
  const measures = [...new Set(counted.map(({ measure }) => measure))];
  const scope = countingScope(reading.scope, kind, counted);
  const rows = measuresOf(facts[kind], { measures, sketches: [] }, scope, reading);
  return {
    rows: compileCounters(groupNames(reading.scope), kind, counted, rows),
    columns: counted.map(({ column }, n) => ({ name: column, type: 'numeric', value: sql.id('s', `n${n}`) })),
  };
}

function factSource(fact: Fact, metrics: readonly BaseMetric[], reading: Reading): Source {
  const sketches = new Set<string>();
  const columns = new Map<string, SourceColumn>();
  const measures = new Set<string>();
  for (const metric of metrics) {
    const { formula } = metric;
    if (formula.kind === 'sketch') {
      const { sketch, quantile } = formula;
      const [bins, counts] = [sql.ref(`s.${sketch}_bins`), sql.ref(`s.${sketch}_counts`)];
      const name = quantileColumn({ ...metric, formula });
      sketches.add(sketch);
      columns.set(name, { name, type: 'float8', value: compileQuantile(bins, counts, quantile) });
      continue;
    }
    for (const measure of measuresNamedBy(metric)) {
      const name = measureColumn(metric, measure);
      measures.add(measure);
      columns.set(name, { name, type: 'numeric', value: sql`${sql.ref(`s.${measure}`)}::numeric` });
    }
  }
  const rows = measuresOf(fact, { measures: [...measures], sketches: [...sketches] }, reading.scope, reading);
  return { rows, columns: [...columns.values()] };
}

function measuresNamedBy({ formula }: BaseMetric): readonly string[] {
  if (formula.kind === 'additive') return [formula.measure];
  return formula.kind === 'ratio' ? [formula.numerator, ...formula.denominators] : [];
}

function measuresOf(fact: Fact, measureSet: MeasureSet, scope: Scope, reading: Reading): RawBuilder<unknown> {
  if (isOfUsers(scope, fact, measureSet)) {
    const spans = spansFor(fact, usableUserGrains(scope, fact), reading);
    return compileUserMeasures(scope, fact, measureSet.measures, spans);
  }
  return compileMeasures(scope, fact, measureSet, spansFor(fact, usableGrains(scope, fact, measureSet), reading));
}

function spansFor(fact: Fact, grains: ReturnType<typeof usableGrains>, { scope, range, stale }: Reading): Spans {
  if (scope.asOf !== undefined) return { rollups: new Map(), facts: [intervalOf(range)] };
  return spansOf(intervalOf(range), stale(fact.kind), grains);
}
