import type { Db } from '../db/orm.ts';

export interface Installation {
  id: string;
  /** Whether a storage carries this installation's marker. */
  isStorageMarked: boolean;
}

/** Reads the installation and locks it until the transaction ends, so that one of several starting processes marks the storage. */
export async function lockInstallation(trx: Db): Promise<Installation> {
  const row = await trx.selectFrom('installation').selectAll().forUpdate().executeTakeFirstOrThrow();
  return { id: row.id, isStorageMarked: row.storage_marked_at !== null };
}

/** Records that the storage now carries the installation's id. */
export async function noteStorageMarked(trx: Db): Promise<void> {
  await trx.updateTable('installation').set({ storage_marked_at: new Date() }).execute();
}
