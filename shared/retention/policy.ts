import { sql } from 'kysely';
import type { RetentionDays } from '../contracts/retention.ts';
import type { Db } from '../db/orm.ts';

export interface Policy {
  retention: RetentionDays;
  legalHold: boolean;
}

/** @returns null where there is no such organisation */
export async function readPolicy(db: Db, orgId: string): Promise<Policy | null> {
  const row = await db
    .selectFrom('organisations')
    .select(['retention', 'legal_hold'])
    .where('org_id', '=', orgId)
    .executeTakeFirst();
  return row ? { retention: row.retention, legalHold: row.legal_hold } : null;
}

/** Organisations that do not keep everything, in the order of their ids. */
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
 * Whether the organisation is under legal hold. The row stays locked until the transaction ends: once a hold is
 * answered for, nothing more is removed.
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
