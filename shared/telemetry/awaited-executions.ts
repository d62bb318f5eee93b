import { sql } from 'kysely';
import { dependsOnExecution } from '../facts/depends-on-execution.ts';
import type { Fact } from '../facts/index.ts';

/** SQL columns that link a row to its execution and, where the fact has one, to its agent. */
export function ownerOfRow(fact: Fact) {
  if (fact.kind === 'executions') return sql`, t.execution_id`;
  if (!dependsOnExecution(fact)) return sql``;
  return sql`, t.execution_id, ${'agent_id' in fact.columns ? sql`t.agent_id` : sql`NULL::text`} AS agent_id`;
}

/** CTE that records rows stored before their execution. Their buckets change again when it arrives. */
export function awaitExecutions(fact: Fact, orgId: string) {
  if (!dependsOnExecution(fact)) return sql``;
  return sql`, awaiting AS (
    INSERT INTO awaited_executions (org_id, execution_id, kind, bucket)
    SELECT ${orgId}, u.execution_id, ${fact.kind}, u.bucket
    FROM (
      SELECT DISTINCT w.execution_id, date_bin('15 minutes', w.at, 'epoch'::timestamptz) AS bucket
      FROM written w WHERE w.execution_id IS NOT NULL AND w.agent_id IS NULL
    ) u
    -- Each is looked up by its key; as a join this would read all keys that there are.
    CROSS JOIN LATERAL (
      SELECT count(*) AS keys FROM (
        SELECT FROM fact_keys k WHERE k.org_id = ${orgId} AND k.kind = 'executions' AND k.id = u.execution_id LIMIT 1) k
    ) known
    WHERE known.keys = 0
  )`;
}

/**
 * CTE that marks the buckets of rows whose execution arrived. Two concurrent writers may miss each other's rows; the
 * refresh sees both, since it waits for writes in flight (rollups/refresh-dirty.ts).
 */
export function markDependents(fact: Fact, orgId: string, stamp: string) {
  if (fact.kind !== 'executions') return sql``;
  return sql`, arrived AS (
    DELETE FROM awaited_executions a
    WHERE a.org_id = ${orgId} AND a.execution_id = ANY (ARRAY(SELECT w.execution_id FROM written w))
    RETURNING a.kind, a.bucket
  ), dependents AS (
    INSERT INTO bucket_ledger (org_id, kind, bucket, marked_at)
    SELECT DISTINCT ${orgId}, kind, bucket, ${stamp}::timestamptz FROM arrived
  )`;
}
