import { z } from 'zod';
import { queryOnce } from '../../cli/stack/postgres.ts';
import { FINISHED_MONTH } from './base-data.ts';
import { ORG, type Scene } from './scene.ts';

const AGENTS = 40;
const AGENT_IDS = Array.from({ length: AGENTS }, (_, n) => `agent-${n}`);

/** Half of the agents: a report of them is filtered. */
export const SOME_AGENTS = AGENT_IDS.filter((_, n) => n % 2 === 0);

const month = `SELECT $1::text AS org, 'exec-' || n AS id, n,
  $2::timestamptz + (n * 2590000.0 / $3::int) * interval '1 s' AS at
  FROM generate_series(1, $3::int) AS n`;

/**
 * Fills the finished month with executions, straight into the tables that ingestion writes: by itself ingestion would
 * take longer than everything that is tested. Texts hold what a CSV must quote and what a spreadsheet would run.
 */
export async function fillFinishedMonth(scene: Scene, rows: number): Promise<void> {
  const url = scene.stack.dev.database_url;
  await queryOnce(url, `SELECT ensure_partition('executions', $1::timestamptz::date)`, [FINISHED_MONTH.start_date]);
  await queryOnce(
    url,
    `INSERT INTO agents (org_id, agent_id, name, agent_type, tags, as_of)
     SELECT $1, id, 'Agent, ' || id, 'chaos', ARRAY['one', 'two'], now() FROM unnest($2::text[]) AS id`,
    [ORG, AGENT_IDS],
  );
  const values = [ORG, FINISHED_MONTH.start_date, rows];
  await queryOnce(
    url,
    `INSERT INTO fact_keys (org_id, kind, id, at) SELECT org, 'executions', id, at::timestamptz(3) FROM (${month}) AS m`,
    values,
  );
  await queryOnce(
    url,
    `INSERT INTO executions (org_id, started_at, execution_id, ended_at, agent_id, task_name, query, response, user_id,
       status, steps, input_tokens, output_tokens, ingested_at, updated_at)
     SELECT org, at, id, at + (n % 5000) * interval '1 ms', 'agent-' || n % ${AGENTS}, 'task ' || n % 11,
       CASE n % 4 WHEN 0 THEN '=SUM(A1)' WHEN 1 THEN 'line one' || chr(10) || 'line "two", ' || n ELSE md5(id) END,
       md5(id || 'response'), 'user-' || n % 999, CASE WHEN n % 9 = 0 THEN 'failure' ELSE 'success' END,
       n % 7, n % 1000, n % 300, clock_timestamp(), clock_timestamp()
     FROM (${month}) AS m`,
    values,
  );
  await queryOnce(
    url,
    `INSERT INTO bucket_ledger (org_id, kind, bucket, marked_at)
     SELECT DISTINCT org, 'executions', date_bin('15 minutes', at, 'epoch'::timestamptz), clock_timestamp() FROM (${month}) AS m`,
    values,
  );
  await queryOnce(url, 'ANALYZE');
}

/** How many executions the finished month holds, of these agents or of all. */
export async function countFinishedMonth(scene: Scene, agentIds?: readonly string[]): Promise<number> {
  const [found] = await scene.rows(
    z.object({ count: z.coerce.number() }),
    `SELECT count(*) AS count FROM executions WHERE org_id = $1 AND started_at >= $2 AND started_at < $3
     AND ($4::text[] IS NULL OR agent_id = ANY ($4))`,
    [ORG, FINISHED_MONTH.start_date, FINISHED_MONTH.end_date, agentIds ?? null],
  );
  return found?.count ?? 0;
}
