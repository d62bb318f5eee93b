import type { Db } from '../db/orm.ts';
import { ensurePartition } from '../db/partitions.ts';
import { monthOf } from '../domain/months.ts';
import type { PreparedBatch } from './prepare.ts';

/** Caches the partitions known to this process, so that a batch checks only new months. */
export interface PartitionCache {
  /** Creates the partitions of a batch, each in its own transaction, before the batch's transaction. */
  ensureFor(db: Db, batch: PreparedBatch): Promise<void>;
  /** Creates the partitions, then stores the batch. Retries once if a cached partition was dropped meanwhile. */
  storeWith<Result>(db: Db, batch: PreparedBatch, store: () => Promise<Result>): Promise<Result>;
}

export function createPartitionCache(): PartitionCache {
  const seen = new Set<string>();
  const ensureFor = async (db: Db, batch: PreparedBatch) => {
    for (const { kind, month, name } of neededBy(batch)) {
      if (seen.has(name)) continue;
      await ensurePartition(db, kind, month);
      seen.add(name);
    }
  };
  return {
    ensureFor,
    async storeWith(db, batch, store) {
      await ensureFor(db, batch);
      try {
        return await store();
      } catch (error) {
        if (!isPartitionMissing(error)) throw error;
        for (const { name } of neededBy(batch)) seen.delete(name);
        await ensureFor(db, batch);
        return store();
      }
    },
  };
}

function neededBy(batch: PreparedBatch) {
  return [...batch.facts].flatMap(([{ kind }, records]) =>
    [...new Set(records.map(({ at }) => monthOf(at)))].map((month) => ({ kind, month, name: `${kind}/${month}` })),
  );
}

/** Returns whether an insert failed because its partition was dropped after it was cached. */
export function isPartitionMissing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && error.code === '23514' && error.message.includes('no partition of relation')) return true;
  return isPartitionMissing(error.cause);
}
