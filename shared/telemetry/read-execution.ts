import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';
import { executions } from '../facts/executions.ts';
import type { Row } from '../facts/fields.ts';
import { readFact } from './read-fact.ts';

/** Maximum tool usages and AI usages returned. The count of tool usages is exact. */
const MAX_SHOWN = 1000;

export interface ExecutionDetail {
  execution: Row;
  agent: { name: string | null; agent_type: string | null; tags: string[] | null } | undefined;
  toolUsages: Row[];
  toolCount: number;
  aiUsage: Row[];
}

/** Reads an execution with its agent, tool usages and AI usages in time order; null if it does not exist. */
export async function readExecution(db: Db, orgId: string, executionId: string): Promise<ExecutionDetail | null> {
  const execution = await readFact(db, executions, orgId, executionId);
  if (!execution) return null;
  const agent = await db
    .selectFrom('agents')
    .select(['name', 'agent_type', 'tags'])
    .where('org_id', '=', orgId)
    .where('agent_id', '=', String(execution.agent_id))
    .executeTakeFirst();
  const toolUsages = await sql<Row>`
    SELECT *, count(*) OVER () AS tool_count FROM tool_usages
    WHERE org_id = ${orgId} AND execution_id = ${executionId}
    ORDER BY started_at, usage_id LIMIT ${MAX_SHOWN}`.execute(db);
  const aiUsage = await sql<Row>`
    SELECT * FROM ai_usage WHERE org_id = ${orgId} AND execution_id = ${executionId}
    ORDER BY occurred_at, usage_id LIMIT ${MAX_SHOWN}`.execute(db);
  return {
    execution,
    agent,
    toolUsages: toolUsages.rows,
    toolCount: Number(toolUsages.rows[0]?.tool_count ?? 0),
    aiUsage: aiUsage.rows,
  };
}
