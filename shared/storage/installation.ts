import type { Db } from '../db/orm.ts';

export interface Installation {
  id: string;
  /** Whether a storage was marked as that of this installation. */
  isStorageMarked: boolean;
}

/** The installation, locked until the transaction ends: of several processes that start, one marks the storage. */
export async function lockInstallation(trx: Db): Promise<Installation> {
  const row = await trx.selectFrom('installation').selectAll().forUpdate().executeTakeFirstOrThrow();
  return { id: row.id, isStorageMarked: row.storage_marked_at !== null };
}

/** Notes that the storage carries the installation's id from now on. */
export async function noteStorageMarked(trx: Db): Promise<void> {
  await trx.updateTable('installation').set({ storage_marked_at: new Date() }).execute();
}
