import { type RawBuilder, sql } from 'kysely';
import { containsPattern } from '../db/contains-pattern.ts';
import type { Db } from '../db/orm.ts';
import type { Position } from '../domain/cursor.ts';
import type { TimeRange } from '../domain/time-range.ts';
import type { Row } from '../facts/fields.ts';
import type { Fact } from '../facts/index.ts';

/** The query options of a fact's list, by column name. */
export interface FactList {
  fact: Fact;
  /** Filtered by equality. */
  filters: readonly string[];
  /** Filtered by minimum and maximum. */
  measures: readonly string[];
  /** Text columns covered by the search. */
  searched: readonly string[];
  /** Columns omitted from listed rows. */
  leftOut?: readonly string[];
}

export interface FactListQuery {
  orgId: string;
  range: TimeRange;
  userId: string | undefined;
  search: string | undefined;
  equal: Readonly<Record<string, string | undefined>>;
  atLeast: Readonly<Record<string, number | undefined>>;
  atMost: Readonly<Record<string, number | undefined>>;
  /** Further SQL conditions on rows `t`. */
  where?: readonly RawBuilder<unknown>[];
  after: Position | undefined;
  limit: number;
}

/** Lists facts of a range, latest first, with agent name and type for facts that have an agent. */
export async function listFacts(db: Db, list: FactList, query: FactListQuery): Promise<Row[]> {
  const { fact } = list;
  const key = factKey(fact);
  const conditions = factConditions(list, query);
  if (query.after) conditions.push(sql`(${key}) < (${query.after.at}::timestamptz, ${query.after.id})`);
  const hasAgent = 'agent_id' in fact.columns;
  const { rows } = await sql<Row>`
    SELECT ${listedColumns(list)} ${hasAgent ? sql`, a.name AS agent_name, a.agent_type` : sql``}
    FROM ${sql.table(fact.kind)} t
    ${hasAgent ? sql`LEFT JOIN agents a ON a.org_id = t.org_id AND a.agent_id = t.agent_id` : sql``}
    WHERE ${sql.join(conditions, sql` AND `)}
    ORDER BY ${sql.ref(`t.${fact.timeColumn}`)} DESC, ${sql.ref(`t.${fact.idColumn}`)} DESC
    LIMIT ${query.limit}`.execute(db);
  return rows;
}

/** Returns the columns of a listed row `t`. */
export function listedColumns({ fact, leftOut = [] }: FactList): RawBuilder<unknown> {
  const own = Object.keys(fact.columns).filter((name) => !leftOut.includes(name));
  return sql.join([fact.timeColumn, fact.idColumn, ...own].map((name) => sql.ref(`t.${name}`)));
}

/** Returns time and id of a row `t`, the order of every list. */
function factKey(fact: Fact): RawBuilder<unknown> {
  return sql`${sql.ref(`t.${fact.timeColumn}`)}, ${sql.ref(`t.${fact.idColumn}`)}`;
}

/** Returns the conditions of a query on a row `t`, without the cursor. The time range prunes partitions. */
export function factConditions({ fact, filters, measures, searched }: FactList, query: FactListQuery) {
  const at = sql.ref(`t.${fact.timeColumn}`);
  const conditions: RawBuilder<unknown>[] = [
    sql`t.org_id = ${query.orgId}`,
    sql`${at} >= ${query.range.startInclusive} AND ${at} < ${query.range.endExclusive}`,
    ...(query.where ?? []),
  ];
  if (query.userId !== undefined) conditions.push(sql`t.user_id = ${query.userId}`);
  if (query.search !== undefined) {
    const pattern = containsPattern(query.search);
    conditions.push(
      sql`(${sql.join(
        searched.map((name) => sql`${sql.ref(`t.${name}`)} ILIKE ${pattern}`),
        sql` OR `,
      )})`,
    );
  }
  for (const name of filters) {
    const value = query.equal[name];
    if (value !== undefined) conditions.push(sql`${sql.ref(`t.${name}`)} = ${value}`);
  }
  for (const name of measures) {
    const least = query.atLeast[name];
    const most = query.atMost[name];
    if (least !== undefined) conditions.push(sql`${sql.ref(`t.${name}`)} >= ${least}::numeric`);
    if (most !== undefined) conditions.push(sql`${sql.ref(`t.${name}`)} <= ${most}::numeric`);
  }
  return conditions;
}
