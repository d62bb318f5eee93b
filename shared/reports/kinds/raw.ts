import { type RawBuilder, sql } from 'kysely';
import type { ReportColumn } from '../../facts/fields.ts';
import type { Fact } from '../../facts/index.ts';
import { ownerColumns, reportFilterFaults } from '../../facts/report-filters.ts';
import { joinExecution } from '../../rollups/join-execution.ts';
import { type KeyRange, type ReportKind, type ReportScope, type SourceColumn, textArray, timeLiteral } from './kind.ts';

/**
 * The rows of one fact as they are stored, with what the report's columns join to them.
 * @param aliases what older clients call the report
 */
export function rawReport(fact: Fact, aliases: readonly string[] = []): ReportKind {
  const at = sql.ref(`t.${fact.timeColumn}`);
  const id = sql.ref(`t.${fact.idColumn}`);
  const from = (joins: RawBuilder<unknown>) => sql`FROM ${sql.table(fact.kind)} t ${joins}`;
  const needsExecution = (scope: ReportScope) => {
    const owners = ownerColumns(fact);
    const { agent_ids, agent_tags, user_id } = scope.parameters;
    const byAgent = owners.agentId === 'execution' && (agent_ids !== undefined || agent_tags !== undefined);
    return byAgent || (owners.userId === 'execution' && user_id !== undefined);
  };
  const columns = fact.report.map((column) => sourceColumn(fact, column));
  return {
    name: fact.kind,
    aliases,
    title: `Every ${fact.noun} as it is stored`,
    namesUsers: ownerColumns(fact).userId !== null,
    faults: (parameters) => reportFilterFaults(fact, parameters),
    columns,
    isFixedByCutoff: true,
    keys: (scope) => sql`
      SELECT ${at} AS at, ${id} AS id ${from(needsExecution(scope) ? join('execution') : sql``)}
      WHERE ${inScope(fact, scope)}`,
    rows(scope, range, cell) {
      const joined = new Set(fact.report.flatMap((column) => (typeof column === 'string' ? [] : [column.from])));
      if (needsExecution(scope)) joined.add('execution');
      const cells = fact.report.map((column, n) => {
        const shown = columns[n];
        if (!shown) throw new Error(`Report column ${n} of ${fact.kind} has no type`);
        return sql`${cell(readColumn(column), shown)} AS ${sql.ref(shown.header)}`;
      });
      return sql`
        SELECT ${sql.join(cells)} ${from(sql.join([...joined].map(join), sql` `))}
        WHERE ${inScope(fact, scope)} AND ${inRange(fact, range)}
        ORDER BY ${at}, ${id}`;
    },
    changedRows: (scope, range) => sql`
      SELECT count(*) AS count ${from(sql``)}
      WHERE ${inTime(fact, scope)} AND ${inRange(fact, range)} AND t.updated_at > ${timeLiteral(scope.cutoff)}`,
  };
}

function sourceColumn(fact: Fact, column: ReportColumn): SourceColumn {
  if (typeof column !== 'string') return { header: column.header, type: column.type, freeText: true };
  if (column === fact.timeColumn) return { header: column, type: 'timestamptz', freeText: false };
  if (column === fact.idColumn) return { header: column, type: 'text', freeText: true };
  const own = fact.columns[column];
  if (!own) throw new Error(`The report of ${fact.kind} names ${column}, which is not one of its columns`);
  return { header: column, type: own.type, freeText: !own.closed };
}

function readColumn(column: ReportColumn): RawBuilder<unknown> {
  return typeof column === 'string' ? sql.ref(`t.${column}`) : sql.ref(`${column.from}.${column.column}`);
}

/** Dimensions are resolved as they stand now. */
function join(name: 'agent' | 'execution' | 'session_counts'): RawBuilder<unknown> {
  switch (name) {
    case 'agent':
      return sql`LEFT JOIN agents agent ON agent.org_id = t.org_id AND agent.agent_id = t.agent_id`;
    case 'execution':
      return joinExecution();
    case 'session_counts':
      return sql`LEFT JOIN LATERAL (
        SELECT count(*) AS total_queries,
               count(*) FILTER (WHERE e.status = 'success') AS successful_queries,
               count(*) FILTER (WHERE e.status IN ('failure', 'timeout')) AS failed_queries,
               coalesce(sum(e.total_tokens), 0) AS total_tokens_used
        FROM executions e WHERE e.org_id = t.org_id AND e.session_id = t.session_id
      ) session_counts ON true`;
  }
}

function inTime(fact: Fact, scope: ReportScope): RawBuilder<unknown> {
  const at = sql.ref(`t.${fact.timeColumn}`);
  return sql`t.org_id = ${sql.lit(scope.orgId)}
    AND ${at} >= ${timeLiteral(scope.startInclusive)} AND ${at} < ${timeLiteral(scope.endExclusive)}
    AND t.ingested_at <= ${timeLiteral(scope.cutoff)}`;
}

function inScope(fact: Fact, scope: ReportScope): RawBuilder<unknown> {
  const { user_id, agent_ids, agent_tags, filters } = scope.parameters;
  const owners = ownerColumns(fact);
  const conditions = [inTime(fact, scope)];
  const agent = sql.ref(`${owners.agentId === 'execution' ? 'execution' : 't'}.agent_id`);
  if (user_id !== undefined) {
    conditions.push(
      sql`${sql.ref(`${owners.userId === 'execution' ? 'execution' : 't'}.user_id`)} = ${sql.lit(user_id)}`,
    );
  }
  if (agent_ids) conditions.push(sql`${agent} = ANY (${textArray(agent_ids)})`);
  if (agent_tags) {
    conditions.push(sql`${agent} IN (
      SELECT tagged.agent_id FROM agents tagged WHERE tagged.org_id = ${sql.lit(scope.orgId)} AND tagged.tags && ${textArray(agent_tags)})`);
  }
  for (const [name, given] of Object.entries(filters ?? {})) {
    const values = Array.isArray(given) ? given : [given];
    conditions.push(sql`${sql.ref(`t.${name}`)} IN (${sql.join(values.map((value) => sql.lit(value)))})`);
  }
  return sql.join(conditions, sql` AND `);
}

/** The bounds on time alone let the planner leave out the other partitions. */
function inRange(fact: Fact, range: KeyRange): RawBuilder<unknown> {
  const at = sql.ref(`t.${fact.timeColumn}`);
  const key = sql`(${at}, ${sql.ref(`t.${fact.idColumn}`)})`;
  return sql`${at} BETWEEN ${timeLiteral(range.lowerAt)} AND ${timeLiteral(range.upperAt)}
    AND ${key} >= (${timeLiteral(range.lowerAt)}, ${sql.lit(range.lowerId)})
    AND ${key} < (${timeLiteral(range.upperAt)}, ${sql.lit(range.upperId)})`;
}
