import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { dbOf, type Orm } from '../../shared/db/orm.ts';
import { verifyOrganisation } from '../../shared/rollups/verify-organisation.ts';
import { useTestOrm } from '../database.ts';
import { newOrganisation, refreshAll, store } from '../rollups/facts.ts';

let orm: Orm;
useTestOrm(4, (opened) => {
  orm = opened;
});

const TIERS = ['rollup_executions_total', 'rollup_ai_usage_by_feature', 'rollup_ai_usage_by_model_provider'];

it('the migration fills small rollup tables from existing rollups, which outlive the facts', async () => {
  const orgId = await newOrganisation(orm);
  const at = (n: number) => new Date(Date.UTC(2026, 9, 1) + n * 1_700_000).toISOString();
  const records = Array.from({ length: 200 }, (_, n) => [
    {
      type: 'execution',
      agent_id: `a${n % 3}`,
      started_at: at(n),
      ended_at: at(n + (n % 5)),
      status: n % 4 === 0 ? 'failure' : 'success',
      ...(n % 4 === 0 ? { error_type: 'broken' } : {}),
      input_tokens: n,
    },
    {
      type: 'ai_usage',
      feature: `f${n % 2}`,
      success: true,
      latency_ms: n % 7,
      ...(n % 3 === 0 ? {} : { model: `m${n % 4}`, provider: 'p' }),
      agent_id: `a${n % 3}`,
      cost_usd: 0.001 * n,
      occurred_at: at(n),
    },
  ]).flat();
  await store(orm, orgId, records);
  await refreshAll(orm, orgId);
  const db = dbOf(orm.em.fork());
  const rows = async () =>
    Promise.all(
      TIERS.map(async (table) => {
        const found = await sql<{ row: string }>`
          SELECT to_jsonb(t)::text AS row FROM ${sql.table(table)} t WHERE org_id = ${orgId} ORDER BY 1`.execute(db);
        return found.rows.map(({ row }) => row);
      }),
    );
  const refreshed = await rows();
  for (const tier of refreshed) expect(tier.length).toBeGreaterThan(4);
  await orm.migrator.down({ migrations: ['0010-rollup-tiers'] });
  await orm.migrator.up();
  expect(await rows()).toEqual(refreshed);
  const verdict = await verifyOrganisation(orm.em.fork(), orgId);
  expect(verdict.differences).toEqual([]);
  expect(verdict.daysChecked).toBeGreaterThan(4);
});
