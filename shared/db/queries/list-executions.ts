import { type RawBuilder, sql } from 'kysely';
import type { Position } from '../../domain/cursor.ts';
import type { TimeRange } from '../../domain/time-range.ts';
import type { Row } from '../../facts/definition.ts';
import type { Db } from '../orm.ts';

/** Filters by equality, as the list takes them. */
export const EXECUTION_FILTERS = [
  'agent_id',
  'status',
  'session_id',
  'workflow_id',
  'correlation_id',
  'task_name',
  'error_type',
] as const;

/** Numbers that the list can bound. */
export const EXECUTION_NUMBERS = [
  'duration_ms',
  'total_tokens',
  'input_tokens',
  'output_tokens',
  'steps',
  'retry_count',
  'api_calls_count',
] as const;

const SEARCHED_TEXTS = ['execution_id', 'agent_id', 'task_name', 'query', 'response', 'error_type', 'error_message'];

export interface ExecutionListQuery {
  orgId: string;
  range: TimeRange;
  userId: string | undefined;
  search: string | undefined;
  equal: Partial<Record<(typeof EXECUTION_FILTERS)[number], string>>;
  atLeast: Partial<Record<(typeof EXECUTION_NUMBERS)[number], number>>;
  atMost: Partial<Record<(typeof EXECUTION_NUMBERS)[number], number>>;
  after: Position | undefined;
  limit: number;
}

/** Executions that started in the range, the latest first, with the name and type of their agents. */
export async function listExecutions(db: Db, query: ExecutionListQuery): Promise<Row[]> {
  const conditions: RawBuilder<unknown>[] = [
    sql`t.org_id = ${query.orgId}`,
    sql`t.started_at >= ${query.range.startInclusive} AND t.started_at < ${query.range.endExclusive}`,
  ];
  if (query.userId !== undefined) conditions.push(sql`t.user_id = ${query.userId}`);
  if (query.after)
    conditions.push(sql`(t.started_at, t.execution_id) < (${query.after.at}::timestamptz, ${query.after.id})`);
  if (query.search !== undefined) {
    const pattern = `%${query.search.replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
    conditions.push(
      sql`(${sql.join(
        SEARCHED_TEXTS.map((name) => sql`${sql.ref(`t.${name}`)} ILIKE ${pattern}`),
        sql` OR `,
      )})`,
    );
  }
  for (const name of EXECUTION_FILTERS) {
    const value = query.equal[name];
    if (value !== undefined) conditions.push(sql`${sql.ref(`t.${name}`)} = ${value}`);
  }
  for (const name of EXECUTION_NUMBERS) {
    const least = query.atLeast[name];
    const most = query.atMost[name];
    if (least !== undefined) conditions.push(sql`${sql.ref(`t.${name}`)} >= ${least}::numeric`);
    if (most !== undefined) conditions.push(sql`${sql.ref(`t.${name}`)} <= ${most}::numeric`);
  }
  const { rows } = await sql<Row>`
    SELECT t.*, a.name AS agent_name, a.agent_type
    FROM executions t LEFT JOIN agents a ON a.org_id = t.org_id AND a.agent_id = t.agent_id
    WHERE ${sql.join(conditions, sql` AND `)}
    ORDER BY t.started_at DESC, t.execution_id DESC
    LIMIT ${query.limit}`.execute(db);
  return rows;
}
