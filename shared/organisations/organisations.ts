import type { Db, Entities } from '../db/orm.ts';
import { inTransaction } from '../db/transaction.ts';
import { defaultRetentionFloor } from '../domain/months.ts';
import { DEFAULT_PRIVACY, type PrivacySettings } from '../domain/privacy.ts';
import { factList } from '../facts/index.ts';

/** Creates an organisation if it does not exist, with default settings and a retention floor per fact. */
export async function ensureOrganisation(em: Entities, orgId: string, name: string, now: Date): Promise<void> {
  await inTransaction(em, async (trx) => {
    await trx
      .insertInto('organisations')
      .values({ org_id: orgId, name, privacy: JSON.stringify(DEFAULT_PRIVACY), created_at: now })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    await trx
      .insertInto('retention_floors')
      .values(factList.map(({ kind }) => ({ org_id: orgId, kind, at: defaultRetentionFloor(now) })))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  });
}

/** Reads the settings that every request needs; null if the organisation does not exist. */
export async function readSettings(
  db: Db,
  orgId: string,
): Promise<{ timeZone: string; privacy: PrivacySettings } | null> {
  const row = await db
    .selectFrom('organisations')
    .select(['time_zone', 'privacy'])
    .where('org_id', '=', orgId)
    .executeTakeFirst();
  return row ? { timeZone: row.time_zone, privacy: { ...DEFAULT_PRIVACY, ...row.privacy } } : null;
}
