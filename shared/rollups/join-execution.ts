import { type RawBuilder, sql } from 'kysely';

/** Joins `execution` to a row `t` by `t.execution_id`. `fact_keys` gives its start time, and thereby its partition. */
export function joinExecution(): RawBuilder<unknown> {
  return sql`LEFT JOIN LATERAL (
    SELECT e.agent_id, e.user_id, e.session_id
    FROM fact_keys k JOIN executions e ON e.org_id = k.org_id AND e.started_at = k.at AND e.execution_id = k.id
    WHERE k.org_id = t.org_id AND k.kind = 'executions' AND k.id = t.execution_id
    -- There is at most one. The limit makes the planner use index lookups even before a new table has statistics.
    LIMIT 1
  ) execution ON true`;
}
