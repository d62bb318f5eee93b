import type { Db, Entities } from '../db/orm.ts';
import { inTransaction } from '../db/transaction.ts';
import { defaultRetentionFloor } from '../domain/months.ts';
import { DEFAULT_PRIVACY, type PrivacySettings } from '../domain/privacy.ts';
import { factList } from '../facts/index.ts';

/** Makes an organisation unless it is there, with the default settings and a floor for each fact. */
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

/** What each request needs of its organisation's settings; null where there is no such organisation. */
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
