import { type RawBuilder, sql } from 'kysely';
import type { Db, Entities } from '../db/orm.ts';
import { inSnapshot } from '../db/transaction.ts';
import { GRAINS, type Grain } from '../domain/buckets.ts';
import type { Fact } from '../facts/index.ts';
import { pgTime } from '../pg-time.ts';
import { within } from './intervals.ts';
import { dayRows, hourRows, quarterHourRows, tierRows } from './refresh-fact.ts';
import { fullTier, type RollupTier, smallTiers } from './rollup-table.ts';
import { userActivity } from './user-activity.ts';

const DAY_MS = GRAINS.day * 1000;

/** A mismatch between a derived table and the facts: `missing` rows are expected, `surplus` rows are not. */
export interface Difference {
  orgId: string;
  table: string;
  day: string;
  grain: Grain | 'user';
  missing: number;
  surplus: number;
}

export type DayVerdict = { checked: true; differences: Difference[] } | { checked: false; reason: 'dirty' | 'purged' };

/**
 * Recomputes the rollups of one UTC day from the facts and compares them with the stored rows, in one snapshot. A day
 * with dirty buckets, or one whose facts or rollups were purged, is not checked.
 */
export async function verifyDay(em: Entities, fact: Fact, orgId: string, dayStartMs: number): Promise<DayVerdict> {
  return inSnapshot(em, async (trx) => {
    const day = { startInclusiveMs: dayStartMs, endExclusiveMs: dayStartMs + DAY_MS };
    const { rows } = await sql<{ dirty: boolean; floor: string | null }>`
        SELECT EXISTS (SELECT FROM bucket_ledger WHERE org_id = ${orgId} AND kind = ${fact.kind} AND ${within(sql`bucket`, [day])}) AS dirty,
               (SELECT max(at) FROM retention_floors WHERE org_id = ${orgId} AND kind IN (${sql.join(sourcesOf(fact))})) AS floor`.execute(
      trx,
    );
    const state = rows[0];
    if (!state || state.dirty) return { checked: false, reason: 'dirty' };
    if (state.floor !== null && pgTime(state.floor).getTime() > dayStartMs) return { checked: false, reason: 'purged' };
    const dayText = new Date(dayStartMs).toISOString().slice(0, 10);
    const differences: Difference[] = [];
    const compare = async (
      table: string,
      grain: Difference['grain'],
      expected: RawBuilder<unknown>,
      stored: RawBuilder<unknown>,
    ) => {
      const { missing, surplus } = await difference(trx, expected, stored);
      if (missing + surplus > 0) differences.push({ orgId, table, day: dayText, grain, missing, surplus });
    };
    const starts = (grain: Grain) =>
      Array.from({ length: GRAINS.day / GRAINS[grain] }, (_, n) => dayStartMs + n * GRAINS[grain] * 1000);
    const full = fullTier(fact);
    const { table } = full;
    await compare(
      table,
      'quarter_hour',
      quarterHourRows(fact, orgId, starts('quarter_hour')),
      storedRows(fact, full, orgId, 'quarter_hour', day),
    );
    await compare(table, 'hour', hourRows(fact, orgId, starts('hour')), storedRows(fact, full, orgId, 'hour', day));
    await compare(table, 'day', dayRows(fact, orgId, starts('day')), storedRows(fact, full, orgId, 'day', day));
    for (const tier of smallTiers(fact)) {
      for (const grain of ['hour', 'day'] as const) {
        const expected = tierRows(fact, tier, orgId, grain, starts(grain));
        await compare(tier.table, grain, expected, storedRows(fact, tier, orgId, grain, day));
      }
    }
    if (fact.rollup.users) {
      const facts = userActivity(fact, orgId, [day]);
      const stored = sql`
          SELECT u.user_id, u.name, u.feature, q.quarter_hour, q.count, q.amount, q.first_ms, q.last_ms
          FROM user_rollup u CROSS JOIN LATERAL unnest(u.quarter_hours, u.counts, u.amounts, u.first_ms, u.last_ms)
            AS q(quarter_hour, count, amount, first_ms, last_ms)
          WHERE u.org_id = ${orgId} AND u.kind = ${fact.kind} AND u.day = ${dayText}::date`;
      await compare(
        'user_rollup',
        'user',
        sql`SELECT user_id, name, feature, quarter_hour, count, amount, first_ms, last_ms FROM (${facts}) f`,
        stored,
      );
    }
    return { checked: true, differences };
  });
}

/**
 * The kinds whose retention floors bound the check of a fact. Dimension sources count too: without the executions, the
 * agents of usages cannot be recomputed.
 */
function sourcesOf(fact: Fact): string[] {
  const others = Object.values(fact.rollup.dimensions).flatMap(({ source }) => source ?? []);
  return [fact.kind, 'rollups', ...others];
}

function storedRows(
  { rollup }: Fact,
  tier: RollupTier,
  orgId: string,
  grain: Grain,
  day: Parameters<typeof within>[1][number],
) {
  const sketches =
    grain === 'quarter_hour' ? [] : Object.keys(rollup.sketches).flatMap((name) => [`${name}_bins`, `${name}_counts`]);
  const columns = ['bucket', ...tier.dimensions, ...Object.keys(rollup.measures), ...sketches];
  return sql`SELECT ${sql.join(columns.map((name) => sql.ref(`t.${name}`)))} FROM ${sql.table(tier.table)} t
    WHERE t.org_id = ${orgId} AND t.grain_seconds = ${GRAINS[grain]} AND ${within(sql`t.bucket`, [day])}`;
}

async function difference(trx: Db, expected: RawBuilder<unknown>, stored: RawBuilder<unknown>) {
  const { rows } = await sql<{ missing: string; surplus: string }>`
    WITH expected AS MATERIALIZED (${expected}), stored AS MATERIALIZED (${stored})
    SELECT (SELECT count(*) FROM (SELECT * FROM expected EXCEPT ALL SELECT * FROM stored) m) AS missing,
           (SELECT count(*) FROM (SELECT * FROM stored EXCEPT ALL SELECT * FROM expected) s) AS surplus`.execute(trx);
  return { missing: Number(rows[0]?.missing), surplus: Number(rows[0]?.surplus) };
}
