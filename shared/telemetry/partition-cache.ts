import type { Db } from '../db/orm.ts';
import { ensurePartition } from '../db/partitions.ts';
import { monthOf } from '../domain/months.ts';
import type { PreparedBatch } from './prepare.ts';

/** The partitions known to this process, so that a batch checks only months that are new to it. */
export interface PartitionCache {
  /** Creates the partitions of a batch, each in a transaction of its own, before the batch's. */
  ensureFor(db: Db, batch: PreparedBatch): Promise<void>;
  /** The same, then stores the batch. A known month that has been dropped since is created again, once. */
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

/** True for an insert without a partition: its month was dropped after this process had seen it. */
export function isPartitionMissing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && error.code === '23514' && error.message.includes('no partition of relation')) return true;
  return isPartitionMissing(error.cause);
}
