import { type RawBuilder, sql } from 'kysely';

/** Joins to a row `t` the `execution` that it names, found by its key, which names its partition. */
export function joinExecution(): RawBuilder<unknown> {
  return sql`LEFT JOIN LATERAL (
    SELECT e.agent_id, e.user_id, e.session_id
    FROM fact_keys k JOIN executions e ON e.org_id = k.org_id AND e.started_at = k.at AND e.execution_id = k.id
    WHERE k.org_id = t.org_id AND k.kind = 'executions' AND k.id = t.execution_id
    -- There is one at most; said so, each row looks up its own even where a new table has no statistics yet.
    LIMIT 1
  ) execution ON true`;
}
