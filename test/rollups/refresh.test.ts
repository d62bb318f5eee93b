import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { sampleRecords } from '../../sample/sample.ts';
import { dbOf, type Orm } from '../../shared/db/orm.ts';
import { DEFAULT_USAGE_COUNTERS } from '../../shared/domain/usage-counters.ts';
import { ask } from '../../shared/metrics/ask.ts';
import { verifyOrganisation } from '../../shared/rollups/verify-organisation.ts';
import { useTestOrm } from '../database.ts';
import { newOrganisation, refreshAll, store } from './facts.ts';

let orm: Orm;
useTestOrm(10, (opened) => {
  orm = opened;
});

const now = new Date();
const minutesAgo = (n: number) => new Date(now.getTime() - n * 60_000).toISOString();

async function agentsOf(orgId: string, table: string): Promise<(string | null)[]> {
  const { rows } = await sql<{ agent_id: string | null }>`
    SELECT DISTINCT agent_id FROM ${sql.table(table)} WHERE org_id = ${orgId}`.execute(dbOf(orm.em.fork()));
  return rows.map((row) => row.agent_id);
}

it('refreshes a month of telemetry to match the facts, in any order of arrival', {
  timeout: 60_000,
}, async () => {
  const orgId = await newOrganisation(orm);
  const records = [...sampleRecords({ seed: 7, endsAt: now, records: 4_000 })];
  // Latest first, in three parts with a refresh after each.
  records.reverse();
  const third = Math.ceil(records.length / 3);
  for (let from = 0; from < records.length; from += third) {
    await store(orm, orgId, records.slice(from, from + third));
    await refreshAll(orm, orgId);
  }
  const verified = await verifyOrganisation(orm.em.fork(), orgId);
  expect(verified.differences).toEqual([]);
  expect(verified.daysSkipped).toBe(0);
  expect(verified.daysChecked).toBeGreaterThan(150);
});

it('counts a usage for the agent of its execution, even if the execution arrives later', async () => {
  const orgId = await newOrganisation(orm);
  const execution_id = randomUUID();
  await store(orm, orgId, [
    { type: 'tool_usage', tool_name: 'search', execution_id, status: 'success', started_at: minutesAgo(300) },
    { type: 'ai_usage', feature: 'chat', success: true, latency_ms: 10, execution_id, occurred_at: minutesAgo(200) },
  ]);
  await refreshAll(orm, orgId);
  expect(await agentsOf(orgId, 'rollup_tool_usages')).toEqual([null]);
  await store(orm, orgId, [{ type: 'execution', execution_id, agent_id: 'late', started_at: minutesAgo(301) }]);
  await refreshAll(orm, orgId);
  expect(await agentsOf(orgId, 'rollup_tool_usages')).toEqual(['late']);
  expect(await agentsOf(orgId, 'rollup_ai_usage')).toEqual(['late']);
  expect((await verifyOrganisation(orm.em.fork(), orgId)).differences).toEqual([]);
});

it('keeps the first agent of an execution, by which its usages were counted', async () => {
  const orgId = await newOrganisation(orm);
  const execution = { type: 'execution', execution_id: 'e1', started_at: minutesAgo(5) };
  await store(orm, orgId, [{ ...execution, agent_id: 'first' }]);
  await store(orm, orgId, [{ ...execution, agent_id: 'second', status: 'success', ended_at: minutesAgo(4) }]);
  await refreshAll(orm, orgId);
  expect(await agentsOf(orgId, 'rollup_executions')).toEqual(['first']);
});

it('converges to the facts with concurrent writers and refreshes', { timeout: 60_000 }, async () => {
  const orgId = await newOrganisation(orm);
  let writing = true;
  const refreshers = Array.from({ length: 3 }, async () => {
    while (writing) await refreshAll(orm, orgId);
  });
  // Usages and their executions from concurrent writers, so that neither may see the other.
  const write = async (kind: 'usage' | 'execution', round: number) => {
    const records = Array.from({ length: 20 }, (_, n) => {
      const execution_id = `e-${round}-${n}`;
      const started_at = minutesAgo((round * 37 + n * 11) % 600);
      return kind === 'usage'
        ? {
            type: 'tool_usage',
            usage_id: `u-${round}-${n}`,
            tool_name: 't',
            execution_id,
            status: 'success',
            started_at,
          }
        : { type: 'execution', execution_id, agent_id: `a-${n % 3}`, user_id: `user-${n}`, started_at };
    });
    await store(orm, orgId, records);
  };
  for (let round = 0; round < 40; round += 1) await Promise.all([write('usage', round), write('execution', round)]);
  writing = false;
  await Promise.all(refreshers);
  await refreshAll(orm, orgId);
  expect((await verifyOrganisation(orm.em.fork(), orgId)).differences).toEqual([]);
  expect((await agentsOf(orgId, 'rollup_tool_usages')).sort()).toEqual(['a-0', 'a-1', 'a-2']);
});

it('answers from the facts where rollups were purged before them', async () => {
  const orgId = await newOrganisation(orm);
  const daysAgo = (n: number) => new Date(now.getTime() - n * 86_400_000);
  const execution = { type: 'execution', agent_id: 'a', user_id: 'u', status: 'success' };
  await store(orm, orgId, [
    { ...execution, started_at: daysAgo(20).toISOString() },
    { ...execution, started_at: daysAgo(2).toISOString() },
  ]);
  await refreshAll(orm, orgId);
  const db = dbOf(orm.em.fork());
  const floor = daysAgo(10).toISOString().slice(0, 10);
  await sql`INSERT INTO retention_floors (org_id, kind, at) VALUES (${orgId}, 'rollups', ${floor}::date)`.execute(db);
  await sql`DELETE FROM rollup_executions WHERE org_id = ${orgId} AND bucket < ${floor}::date`.execute(db);
  await sql`DELETE FROM user_rollup WHERE org_id = ${orgId} AND day < ${floor}::date`.execute(db);
  const range = { startInclusive: daysAgo(30), endExclusive: now, timeZone: 'UTC' };
  const subject = { orgId, counters: DEFAULT_USAGE_COUNTERS };
  const [row] = await ask(orm.em.fork(), subject, { metrics: ['execution_count', 'active_users'] }, range);
  expect(row?.values).toEqual({ execution_count: 2, active_users: 1 });
  expect((await verifyOrganisation(orm.em.fork(), orgId)).differences).toEqual([]);
});

it('detects a rollup row that is not derived from the facts', async () => {
  const orgId = await newOrganisation(orm);
  await store(orm, orgId, [{ type: 'execution', agent_id: 'a', user_id: 'u', started_at: minutesAgo(5) }]);
  await refreshAll(orm, orgId);
  await sql`UPDATE rollup_executions SET count = 2 WHERE org_id = ${orgId} AND grain_seconds = 900`.execute(
    dbOf(orm.em.fork()),
  );
  await sql`DELETE FROM user_rollup WHERE org_id = ${orgId}`.execute(dbOf(orm.em.fork()));
  const { differences } = await verifyOrganisation(orm.em.fork(), orgId);
  expect(differences).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ table: 'rollup_executions', grain: 'quarter_hour', missing: 1, surplus: 1 }),
      expect.objectContaining({ table: 'rollup_executions', grain: 'hour', missing: 1, surplus: 1 }),
      expect.objectContaining({ table: 'user_rollup', missing: 1, surplus: 0 }),
      expect.objectContaining({ table: 'known_users', surplus: 1 }),
    ]),
  );
});
