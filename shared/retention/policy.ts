import { sql } from 'kysely';
import type { RetentionDays } from '../contracts/retention.ts';
import type { Db } from '../db/orm.ts';

export interface Policy {
  retention: RetentionDays;
  legalHold: boolean;
}

/** Reads the retention policy. @returns null if the organisation does not exist */
export async function readPolicy(db: Db, orgId: string): Promise<Policy | null> {
  const row = await db
    .selectFrom('organisations')
    .select(['retention', 'legal_hold'])
    .where('org_id', '=', orgId)
    .executeTakeFirst();
  return row ? { retention: row.retention, legalHold: row.legal_hold } : null;
}

/** Lists organisations with a retention policy, ordered by id. */
export async function organisationsWithPolicy(db: Db, afterOrgId: string, limit: number) {
  return db
    .selectFrom('organisations')
    .select(['org_id', 'retention', 'legal_hold'])
    .where('org_id', '>', afterOrgId)
    .where(sql<boolean>`retention <> '{}'`)
    .orderBy('org_id')
    .limit(limit)
    .execute();
}

/**
 * Returns whether the organisation is under legal hold and locks its row until the transaction ends, so that nothing is
 * removed after a hold was acknowledged.
 */
export async function isHeld(trx: Db, orgId: string): Promise<boolean> {
  const row = await trx
    .selectFrom('organisations')
    .select('legal_hold')
    .where('org_id', '=', orgId)
    .forShare()
    .executeTakeFirst();
  return row?.legal_hold ?? true;
}
