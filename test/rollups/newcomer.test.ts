import { sql } from 'kysely';
import { beforeAll, expect, it } from 'vitest';
import { dbOf, type Orm } from '../../shared/db/orm.ts';
import { verifyOrganisation } from '../../shared/rollups/verify-organisation.ts';
import { useTestOrm } from '../database.ts';
import { newOrganisation, refreshAll, store } from './facts.ts';

let orm: Orm;
useTestOrm(4, (opened) => {
  orm = opened;
});

const USERS = 1_000;
const MINUTE_MS = 60_000;

/** Each user once, with an agent, a feature, a model and a tool of their own, over half a day. */
function recordsOf(users: number): object[] {
  const now = Date.now();
  return Array.from({ length: users }, (_, n) => {
    const at = new Date(now - MINUTE_MS * (10 + (n % 720))).toISOString();
    const execution = { execution_id: `execution-${n}` };
    const user_id = `user-${n}`;
    return [
      { type: 'execution', ...execution, agent_id: `agent-${n}`, user_id, status: 'success', started_at: at },
      {
        type: 'ai_usage',
        ...execution,
        usage_id: `ai-usage-${n}`,
        feature: `feature-${n}`,
        model: `model-${n}`,
        success: true,
        latency_ms: n,
        user_id,
        occurred_at: at,
      },
      {
        type: 'tool_usage',
        ...execution,
        usage_id: `tool-usage-${n}`,
        tool_name: `tool-${n}`,
        status: 'success',
        started_at: at,
      },
    ];
  }).flat();
}

/** Pages that the database's statements have touched so far. */
async function pagesTouched(): Promise<number> {
  const { rows } = await sql<{ pages: string }>`
    SELECT sum(shared_blks_hit + shared_blks_read) AS pages FROM pg_stat_statements
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())`.execute(dbOf(orm.em.fork()));
  return Number(rows[0]?.pages);
}

beforeAll(async () => {
  const db = dbOf(orm.em.fork());
  await sql`CREATE EXTENSION IF NOT EXISTS pg_stat_statements`.execute(db);
  const large = await newOrganisation(orm);
  await store(orm, large, recordsOf(4_000));
  await refreshAll(orm, large);
  // From here on the statistics know one organisation, and expect a row or two of any other.
  await sql`ANALYZE`.execute(db);
});

it('refreshes a new organisation in work that grows with its users, not with their square', {
  timeout: 120_000,
}, async () => {
  const pages: number[] = [];
  for (const users of [USERS, 4 * USERS]) {
    const orgId = await newOrganisation(orm);
    const records = recordsOf(users);
    await store(orm, orgId, records.slice(0, records.length / 2));
    await store(orm, orgId, records.slice(records.length / 2));
    const before = await pagesTouched();
    await refreshAll(orm, orgId);
    pages.push((await pagesTouched()) - before);
    expect((await verifyOrganisation(orm.em.fork(), orgId)).differences).toEqual([]);
  }
  const [few = Number.NaN, many = Number.NaN] = pages;
  expect(many / few).toBeLessThan(6);
});
