import { monthOf } from '../domain/months.ts';
import type { PreparedBatch } from '../facts/prepare.ts';
import type { Db } from './orm.ts';
import { ensurePartition } from './queries/partitions.ts';

/** Which partitions this process has seen, so that a batch asks only about months that are new to it. */
export interface PartitionCache {
  /** Makes the partitions that a batch needs, each in a transaction of its own, before the batch's. */
  ensureFor(db: Db, batch: PreparedBatch): Promise<void>;
}

export function createPartitionCache(): PartitionCache {
  const seen = new Set<string>();
  return {
    async ensureFor(db, batch) {
      for (const [fact, records] of batch.facts) {
        for (const month of new Set(records.map(({ at }) => monthOf(at)))) {
          const name = `${fact.kind}/${month}`;
          if (seen.has(name)) continue;
          await ensurePartition(db, fact.kind, month);
          seen.add(name);
        }
      }
    },
  };
}
