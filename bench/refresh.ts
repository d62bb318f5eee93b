import { sql } from 'kysely';
import { dbOf } from '../shared/db/orm.ts';
import { LOG_GAMMA } from '../shared/domain/sketch.ts';
import { facts } from '../shared/facts/index.ts';
import { dirtyGroups, refreshDirty } from '../shared/rollups/refresh-dirty.ts';
import { fullTier, smallTiers } from '../shared/rollups/rollup-table.ts';
import { DAYS, LARGEST, markAll } from './fill-facts.ts';
import { type Figure, interleaved, median, seconds } from './measure.ts';
import type { Scene } from './scene.ts';

/** Refreshes until no bucket is marked, like the workflow's activity. */
export async function refreshEverything(scene: Scene): Promise<void> {
  const em = scene.orm.em.fork();
  for (;;) {
    const groups = await dirtyGroups(dbOf(em), 100);
    if (groups.length === 0) return;
    for (const group of groups) {
      for (;;) {
        const refreshed = await refreshDirty(em, group);
        if (refreshed === 'busy' || refreshed === 'clean' || !refreshed.isMore) break;
      }
    }
  }
}

/** Measures a full rollup of all executions against equivalent hand-written GROUP BYs. */
export async function benchFullRollup(scene: Scene, rounds: number): Promise<Figure> {
  const db = dbOf(scene.orm.em.fork());
  const executions = await sql<{ count: string }>`SELECT count(*) AS count FROM executions`.execute(db);
  return interleaved(
    {
      name: `a rollup of ${executions.rows[0]?.count} executions, with their users by day`,
      unit: 's',
      limitName: 'a GROUP BY with the same measures and sketches, and one by user and day',
      goal: 2,
      moreIsBetter: false,
    },
    rounds,
    async () => {
      await markAll(scene, 'executions', 'started_at');
      const tables = [fullTier(facts.executions), ...smallTiers(facts.executions)].map(({ table }) => sql.table(table));
      await sql`TRUNCATE ${sql.join(tables)}, user_rollup, user_days, known_users`.execute(db);
      return seconds(() => refreshEverything(scene));
    },
    async () => {
      const taken = await seconds(() => groupByHand(scene));
      await sql`DROP TABLE by_hand, users_by_hand`.execute(db);
      return taken;
    },
  );
}

async function groupByHand(scene: Scene): Promise<void> {
  await sql`
    CREATE TABLE users_by_hand AS
    SELECT org_id, day, user_id, array_agg(quarter_hour ORDER BY quarter_hour) AS quarter_hours, array_agg(n ORDER BY quarter_hour) AS counts, sum(n) AS n
    FROM (
      SELECT org_id, (started_at AT TIME ZONE 'UTC')::date AS day, user_id,
             date_bin('15 minutes', started_at, 'epoch'::timestamptz) AS quarter_hour, count(*) AS n
      FROM executions WHERE user_id IS NOT NULL GROUP BY 1, 2, 3, 4
    ) u GROUP BY 1, 2, 3`.execute(dbOf(scene.orm.em.fork()));
  await sql`
    CREATE TABLE by_hand AS
    SELECT org_id, bucket, agent_id, error_type, sum(n) AS count, sum(success) AS success, sum(failure) AS failure,
           sum(timeout) AS timeout, sum(cancelled) AS cancelled, sum(in_progress) AS in_progress, sum(ms) AS duration_sum,
           sum(ended) AS duration_count, sum(steps) AS steps, sum(stepped) AS stepped, sum(tokens) AS tokens,
           sum(counted) AS counted, sum(tokens_in) AS tokens_in, sum(tokens_out) AS tokens_out, sum(retries) AS retries,
           sum(calls) AS calls, sum(in_session) AS in_session,
           array_agg(bin ORDER BY bin) AS bins, array_agg(ended ORDER BY bin) AS counts
    FROM (
      SELECT org_id, date_bin('15 minutes', started_at, 'epoch'::timestamptz) AS bucket, agent_id, error_type,
             ceil(ln(nullif(duration_ms, 0)::float8) / ${sql.lit(LOG_GAMMA)}::float8)::int AS bin, count(*) AS n,
             count(*) FILTER (WHERE status = 'success') AS success,
             count(*) FILTER (WHERE status IN ('failure', 'timeout')) AS failure,
             count(*) FILTER (WHERE status = 'timeout') AS timeout, count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
             count(*) FILTER (WHERE status = 'in_progress') AS in_progress, sum(duration_ms) AS ms, count(duration_ms) AS ended,
             sum(steps) AS steps, count(steps) AS stepped, sum(total_tokens) AS tokens, count(total_tokens) AS counted,
             sum(input_tokens) AS tokens_in, sum(output_tokens) AS tokens_out, sum(retry_count) AS retries,
             sum(api_calls_count) AS calls, count(session_id) AS in_session
      FROM executions GROUP BY 1, 2, 3, 4, 5
    ) binned GROUP BY 1, 2, 3, 4`.execute(dbOf(scene.orm.em.fork()));
}

/** Measures from the response to a batch of 1,000 records of the last four hours until no bucket is marked. */
export async function benchLateRecords(scene: Scene, key: string, rows: number, rounds: number): Promise<Figure> {
  const taken: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const records = Array.from({ length: 1_000 }, (_, n) => ({
      type: 'execution',
      execution_id: `late-${round}-${n}`,
      agent_id: `agent-${n % 50}`,
      user_id: `user-${n * 7}`,
      status: 'success',
      started_at: new Date(Date.now() - (n + 1) * 14_000).toISOString(),
    }));
    const body = Buffer.from(records.map((record) => JSON.stringify(record)).join('\n'));
    const { status, json } = await scene.call('POST', '/batch', key, body);
    if (status !== 202) throw new Error(`The batch returned status ${status}: ${JSON.stringify(json)}`);
    const time = await seconds(() => refreshEverything(scene));
    if (round > 0) taken.push(time);
  }
  const ours = median(taken);
  return {
    name: `1,000 late records refreshed, at ${rows} rows of ${DAYS} days in ${LARGEST}`,
    unit: 's',
    ours,
    limitName: 'the limit',
    limit: 1,
    ratio: ours,
    goal: 1,
    moreIsBetter: false,
    rounds: taken.map((time) => ({ ours: time, limit: 1 })),
  };
}
