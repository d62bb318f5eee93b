import { sql } from 'kysely';
import { type Db, dbOf, type Entities } from '../db/orm.ts';
import { GRAINS } from '../domain/buckets.ts';
import { type FactKind, facts } from '../facts/index.ts';
import { rollupTable } from './rollup-table.ts';
import { type Difference, verifyDay } from './verify-day.ts';
import { verifyUserDays } from './verify-user-days.ts';

export interface DayOfFact {
  kind: FactKind;
  dayStartMs: number;
}

/** Every UTC day that has rows of the fact or of its rollups, ascending. */
async function daysToVerify(db: Db, orgId: string, kind: FactKind): Promise<DayOfFact[]> {
  const fact = facts[kind];
  const { rows } = await sql<{ day: string }>`
    SELECT DISTINCT day::text AS day FROM (
      SELECT DISTINCT (${sql.ref(fact.timeColumn)} AT TIME ZONE 'UTC')::date AS day FROM ${sql.table(kind)} WHERE org_id = ${orgId}
      UNION ALL SELECT (bucket AT TIME ZONE 'UTC')::date FROM ${sql.table(rollupTable(kind))} WHERE org_id = ${orgId}
      UNION ALL SELECT day FROM user_rollup WHERE org_id = ${orgId} AND kind = ${kind}
    ) d ORDER BY day`.execute(db);
  return rows.map(({ day }) => ({ kind, dayStartMs: Date.parse(`${day}T00:00:00Z`) }));
}

export interface Verification {
  daysChecked: number;
  /** Days with dirty buckets, or whose facts or rollups were purged. */
  daysSkipped: number;
  differences: Difference[];
}

/**
 * Compares all derived rows of an organisation with its facts.
 * @param onDay is called after each day; throws to stop
 */
export async function verifyOrganisation(
  em: Entities,
  orgId: string,
  onDay: (done: Verification) => void = () => {},
): Promise<Verification> {
  const result: Verification = { daysChecked: 0, daysSkipped: 0, differences: [] };
  for (const fact of Object.values(facts)) {
    for (const { dayStartMs } of await daysToVerify(dbOf(em), orgId, fact.kind)) {
      const verdict = await verifyDay(em, fact, orgId, dayStartMs);
      if (verdict.checked) {
        result.daysChecked += 1;
        result.differences.push(...verdict.differences);
      } else result.daysSkipped += 1;
      onDay(result);
    }
  }
  result.differences.push(...(await verifyUserDays(em, orgId)), ...(await verifyKnownUsers(em, orgId)));
  return result;
}

/** Compares when users were first seen with `user_rollup`. Skips users first seen before a retention floor. */
async function verifyKnownUsers(em: Entities, orgId: string): Promise<Difference[]> {
  const { rows } = await sql<{ missing: string; surplus: string }>`
    WITH expected AS (
      SELECT user_id, min(day::timestamp AT TIME ZONE 'UTC' + first_ms[1] * interval '1 millisecond') AS at
      FROM user_rollup WHERE org_id = ${orgId} GROUP BY user_id
    )
    SELECT count(*) FILTER (WHERE k.first_seen IS DISTINCT FROM e.at AND e.at IS NOT NULL) AS missing,
           count(*) FILTER (WHERE e.at IS NULL) AS surplus
    FROM expected e FULL JOIN (SELECT * FROM known_users WHERE org_id = ${orgId}) k ON k.user_id = e.user_id
    WHERE k.first_seen IS NULL OR k.first_seen >= coalesce((SELECT max(at) FROM retention_floors WHERE org_id = ${orgId}), '-infinity')`.execute(
    dbOf(em),
  );
  const missing = Number(rows[0]?.missing);
  const surplus = Number(rows[0]?.surplus);
  const day = new Date(Math.floor(Date.now() / (GRAINS.day * 1000)) * GRAINS.day * 1000).toISOString().slice(0, 10);
  return missing + surplus === 0 ? [] : [{ orgId, table: 'known_users', day, grain: 'user', missing, surplus }];
}
