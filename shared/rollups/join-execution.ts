import { type RawBuilder, sql } from 'kysely';

/**
 * Joins `execution` to a row `t` by `t.execution_id`. `fact_keys` gives its start time, and thereby its partition.
 *
 * Two lookups of one row each, by a complete primary key. With a single join the planner may read all executions of the
 * organisation for each row, since it expects one row of an organisation that its statistics lack.
 */
export function joinExecution(): RawBuilder<unknown> {
  return sql`LEFT JOIN LATERAL (
    SELECT k.at, k.id FROM fact_keys k
    WHERE k.org_id = t.org_id AND k.kind = 'executions' AND k.id = t.execution_id
    LIMIT 1
  ) execution_key ON true LEFT JOIN LATERAL (
    SELECT e.agent_id, e.user_id, e.session_id FROM executions e
    WHERE e.org_id = t.org_id AND e.started_at = execution_key.at AND e.execution_id = execution_key.id
    LIMIT 1
  ) execution ON true`;
}
