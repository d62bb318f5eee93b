import { randomUUID } from 'node:crypto';
import { dbOf, type Orm } from '../../shared/db/orm.ts';
import { createPrivacy, DEFAULT_PRIVACY } from '../../shared/domain/privacy.ts';
import { ensureOrganisation } from '../../shared/organisations/organisations.ts';
import { dirtyGroups, refreshDirty } from '../../shared/rollups/refresh-dirty.ts';
import { createPartitionCache } from '../../shared/telemetry/partition-cache.ts';
import { prepareBatch } from '../../shared/telemetry/prepare.ts';
import { retentionFloors, storeBatch } from '../../shared/telemetry/store-batch.ts';

export async function newOrganisation(orm: Orm): Promise<string> {
  const orgId = `org-${randomUUID()}`;
  await ensureOrganisation(orm.em.fork(), orgId, orgId, new Date());
  return orgId;
}

/** Stores records as `/batch` does. @throws Error if a record is rejected */
export async function store(orm: Orm, orgId: string, records: readonly object[]): Promise<void> {
  const db = dbOf(orm.em.fork());
  const privacy = createPrivacy(DEFAULT_PRIVACY, orgId, 'x'.repeat(32));
  const receiver = { orgId, privacy, retentionFloors: await retentionFloors(db, orgId), memberUserId: null };
  const batch = prepareBatch([...records], receiver, new Date());
  await createPartitionCache().ensureFor(db, batch);
  const stored = await orm.em.fork().transactional((em) => storeBatch(dbOf(em), orgId, batch));
  if (stored.rejected > 0) throw new Error(JSON.stringify(stored.errors.slice(0, 5)));
}

/** Refreshes until the organisation has no dirty bucket. */
export async function refreshAll(orm: Orm, orgId: string): Promise<void> {
  const em = orm.em.fork();
  for (;;) {
    const groups = await dirtyGroups(dbOf(em), 100, { orgId });
    if (groups.length === 0) return;
    for (const group of groups) await refreshDirty(em, group);
  }
}
