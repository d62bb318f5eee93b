import { dbOf, type Orm } from '../../shared/db/orm.ts';
import { ensurePartitionsAhead } from '../../shared/db/partitions.ts';
import type { Log } from '../../shared/log.ts';
import { purgeIdempotencyKeys } from '../../shared/organisations/idempotency.ts';
import type { Storage } from '../../shared/storage/storage.ts';

/** Rows per delete; small batches keep locks short. */
const BATCH = 5_000;

/** Files per round; the rest is left to the next round, some hours later. */
const UNFINISHED_BATCH = 1_000;
/** Longer than any activity writes a file. */
const UNFINISHED_GRACE_MS = 24 * 60 * 60 * 1000;

export interface HousekeepingDependencies {
  orm: Orm;
  storage: Storage;
  log: Log;
}

/** The activities of housekeeping. All are idempotent. */
export function createHousekeepingActivities({ orm, storage, log }: HousekeepingDependencies) {
  return {
    /** Creates missing partitions, up to two months ahead. @returns the number created */
    async makePartitions(): Promise<number> {
      return ensurePartitionsAhead(dbOf(orm.em.fork()), new Date());
    },

    /** Deletes expired idempotency keys in batches. @returns the number deleted */
    async forgetIdempotencyKeys(): Promise<number> {
      const db = dbOf(orm.em.fork());
      let deleted = 0;
      for (;;) {
        const count = await purgeIdempotencyKeys(db, BATCH);
        deleted += count;
        if (count < BATCH) return deleted;
      }
    },

    /** Removes files that killed writers left unfinished. @returns how many files or uploads */
    async removeUnfinishedFiles(): Promise<number> {
      const removed = await storage.removeUnfinished(new Date(Date.now() - UNFINISHED_GRACE_MS), UNFINISHED_BATCH);
      if (removed > 0) log.info({ removed }, 'removed unfinished files');
      return removed;
    },
  };
}
