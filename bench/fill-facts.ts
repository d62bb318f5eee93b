import { sql } from 'kysely';
import { dbOf } from '../shared/db/orm.ts';
import type { Scene } from './scene.ts';

/** The organisation that has 90 % of the rows; the others share the rest. */
export const LARGEST = 'large';
const OTHERS = 49;
export const DAYS = 90;

const orgOfRow = () => sql`CASE WHEN n % 10 < 9 THEN ${LARGEST} ELSE 'small-' || 1 + (n / 10) % ${sql.lit(OTHERS)} END`;
// A hash of the row number: pseudo-random and repeatable.
const random = (salt: number) => sql`(hashint8extended(n, ${sql.lit(salt)}) & 1048575)`;
const timeOfRow = (total: number) =>
  sql`date_trunc('milliseconds', now() - interval '5 minutes' - make_interval(secs => ${sql.lit(DAYS * 86_400)} * (n::float8 / ${sql.lit(total)})))`;
const userOfRow = () => sql`'user-' || ${random(1)} % 10000`;

/**
 * Inserts facts of 90 days directly into their tables: 50 organisations of which one has 90 % of the rows; 10,000 users, 50
 * agents, 20 models. Half are executions, a quarter AI usages, a fifth events, the rest sessions. Every bucket is marked.
 */
export async function fillFacts(scene: Scene, rows: number): Promise<void> {
  await fillExecutionsOnly(scene, Math.round(rows / 2));
  await fillOthers(scene, rows);
}

/** Inserts only the executions of these organisations. */
export async function fillExecutionsOnly(scene: Scene, executions: number): Promise<void> {
  const db = dbOf(scene.orm.em.fork());
  for (let n = 1; n <= OTHERS; n += 1) await scene.newOrganisation(`small-${n}`);
  for (const kind of ['executions', 'ai_usage', 'events', 'sessions']) {
    for (let month = 0; month <= 3; month += 1) {
      await sql`SELECT ensure_partition(${kind}, (date_trunc('month', now() - make_interval(months => ${month})))::date)`.execute(
        db,
      );
    }
  }
  await sql`
    INSERT INTO executions (org_id, started_at, execution_id, ended_at, agent_id, session_id, user_id, status, error_type,
                            steps, retry_count, input_tokens, output_tokens, ingested_at, updated_at)
    SELECT ${orgOfRow()}, at, 'execution-' || n, at + make_interval(secs => exp(${random(2)} / 174762.0)), 'agent-' || ${random(3)} % 50,
           'session-' || n / 5, ${userOfRow()}, CASE WHEN n % 20 = 0 THEN 'failure' ELSE 'success' END,
           CASE WHEN n % 20 = 0 THEN 'error-' || ${random(4)} % 5 END, n % 12, n % 3, n % 4000, n % 900, now(), now()
    FROM generate_series(1, ${executions}::int) n CROSS JOIN LATERAL (SELECT ${timeOfRow(executions)} AS at) t`.execute(
    db,
  );
  await markAll(scene, 'executions', 'started_at');
}

async function fillOthers(scene: Scene, rows: number): Promise<void> {
  const db = dbOf(scene.orm.em.fork());
  const usages = Math.round(rows / 4);
  await sql`
    INSERT INTO ai_usage (org_id, occurred_at, usage_id, feature, success, latency_ms, cache_hit, model, provider,
                          uncached_input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, cost_usd, cost_source,
                          user_id, agent_id, ingested_at, updated_at)
    SELECT ${orgOfRow()}, ${timeOfRow(usages)}, 'usage-' || n, 'feature-' || ${random(5)} % 8, n % 50 <> 0, 100 * exp(${random(2)} / 262144.0)::numeric(9, 3),
           n % 3 = 0, 'model-' || ${random(6)} % 20, 'provider', n % 4000, 0, 0, n % 900, 0.000001 * (n % 4000), 'given',
           ${userOfRow()}, 'agent-' || ${random(3)} % 50, now(), now()
    FROM generate_series(1, ${usages}::int) n`.execute(db);
  const events = Math.round(rows / 5);
  await sql`
    INSERT INTO events (org_id, occurred_at, event_id, event_type, event_name, user_id, session_id, feature, properties, ingested_at, updated_at)
    SELECT ${orgOfRow()}, ${timeOfRow(events)}, 'event-' || n, 'action',
           (ARRAY['login', 'message_sent', 'page_view', 'scenario_started', 'scenario_completed', 'quiz_taken'])[1 + ${random(7)} % 6],
           ${userOfRow()}, 'session-' || n / 5, 'feature-' || ${random(5)} % 8,
           CASE WHEN ${random(7)} % 6 IN (3, 4) THEN jsonb_build_object('scenario_id', 'scenario-' || ${random(8)} % 40, 'name', 'Scenario ' || ${random(8)} % 40) END,
           now(), now()
    FROM generate_series(1, ${events}::int) n`.execute(db);
  const sessions = rows - Math.round(rows / 2) - usages - events;
  await sql`
    INSERT INTO sessions (org_id, started_at, session_id, ended_at, user_id, ingested_at, updated_at)
    SELECT ${orgOfRow()}, at, 'session-' || n, at + interval '10 minutes', ${userOfRow()}, now(), now()
    FROM generate_series(1, ${sessions}::int) n CROSS JOIN LATERAL (SELECT ${timeOfRow(sessions)} AS at) t`.execute(db);
  await markAll(scene, 'ai_usage', 'occurred_at');
  await markAll(scene, 'events', 'occurred_at');
  await markAll(scene, 'sessions', 'started_at');
}

export async function markAll(scene: Scene, kind: string, time: string): Promise<void> {
  const db = dbOf(scene.orm.em.fork());
  await sql`VACUUM (ANALYZE) ${sql.table(kind)}`.execute(db);
  await sql`
    INSERT INTO bucket_ledger (org_id, kind, bucket, marked_at)
    SELECT DISTINCT org_id, ${kind}, date_bin('15 minutes', ${sql.ref(time)}, 'epoch'::timestamptz), now() FROM ${sql.table(kind)}`.execute(
    db,
  );
}
