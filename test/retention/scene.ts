import { sql } from 'kysely';
import { dbOf } from '../../shared/db/orm.ts';
import { eventually } from '../eventually.ts';
import type { ApiAnswer, ApiClient } from '../service/api-client.ts';
import type { TestService } from '../service/service.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Noon UTC of the day this many days ago. */
export function daysAgo(days: number): string {
  const now = new Date();
  return new Date(
    Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate(), 12) - days * DAY_MS,
  ).toISOString();
}

/** One record of each fact for each of these days; ids contain the day. */
export function recordsOf(ages: readonly number[], user = 'jane') {
  return ages.flatMap((age) => {
    const at = daysAgo(age);
    const id = `${user}-${age}`;
    return [
      { type: 'event', event_id: id, event_type: 'x', event_name: 'login', user_id: user, occurred_at: at },
      {
        type: 'execution',
        execution_id: id,
        agent_id: 'a',
        user_id: user,
        session_id: id,
        started_at: at,
        status: 'success',
      },
      { type: 'tool_usage', usage_id: id, tool_name: 't', execution_id: id, started_at: at, status: 'success' },
      { type: 'ai_usage', usage_id: id, feature: 'f', success: true, latency_ms: 1, execution_id: id, occurred_at: at },
      { type: 'session', session_id: id, user_id: user, started_at: at },
      {
        type: 'workflow',
        workflow_id: id,
        workflow_type: 'w',
        agents_involved: [],
        status: 'success',
        user_id: user,
        started_at: at,
      },
      {
        type: 'api_call',
        call_id: id,
        method: 'GET',
        path: '/',
        status_code: 200,
        duration_ms: 1,
        user_id: user,
        occurred_at: at,
      },
      { type: 'error', error_id: id, level: 'ERROR', message: 'm', user_id: user, occurred_at: at },
    ];
  });
}

const FACTS = [
  'events',
  'executions',
  'tool_usages',
  'ai_usage',
  'sessions',
  'agent_workflows',
  'api_calls',
  'errors',
] as const;

/** Row counts of each fact of an organisation. @throws Error if rows and keys differ in number */
export async function rowCounts(service: TestService, orgId: string): Promise<Record<string, number>> {
  const db = dbOf(service.orm.em.fork());
  const counts: Record<string, number> = {};
  for (const fact of FACTS) {
    const { rows } = await sql<{ rows: number; keys: number }>`
      SELECT (SELECT count(*)::int FROM ${sql.table(fact)} WHERE org_id = ${orgId}) AS rows,
             (SELECT count(*)::int FROM fact_keys WHERE org_id = ${orgId} AND kind = ${fact}) AS keys`.execute(db);
    counts[fact] = rows[0]?.rows ?? -1;
    // Each row has exactly one key.
    if (rows[0]?.keys !== rows[0]?.rows)
      throw new Error(`${orgId}: ${fact} have ${rows[0]?.rows} rows, ${rows[0]?.keys} keys`);
  }
  return counts;
}

export function pathOf(workflowId: string): string {
  return `/workflow-runs/${encodeURIComponent(workflowId)}`;
}

/** Waits until a run is closed. @returns the response with the closed run */
export async function closedRun(client: ApiClient, workflowId: string): Promise<ApiAnswer> {
  return eventually(`the end of ${workflowId}`, 60_000, async () => {
    const answer = await client.get(pathOf(workflowId));
    return answer.status !== 200 || answer.json.status !== 'running' ? answer : undefined;
  });
}

/** Starts a retention run and waits for its end. */
export async function clean(client: ApiClient, body: object = {}): Promise<ApiAnswer['json']> {
  const { json } = await client.post('/workflow-runs/retention', body);
  return (await closedRun(client, json.workflow_id)).json;
}

export async function hasTable(service: TestService, name: string): Promise<boolean> {
  const { rows } = await sql`SELECT FROM pg_class WHERE relname = ${name}`.execute(dbOf(service.orm.em.fork()));
  return rows.length > 0;
}

/** The partition of a fact that contains a time. */
export function partitionOf(fact: string, at: string): string {
  return `${fact}_${at.slice(0, 7).replace('-', '_')}`;
}
