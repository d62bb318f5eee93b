import { dbOf, type Orm } from '../../shared/db/orm.ts';
import { ensurePartitionsAhead } from '../../shared/db/partitions.ts';
import { purgeIdempotencyKeys } from '../../shared/organisations/idempotency.ts';

/** Rows per delete; small batches keep locks short. */
const BATCH = 5_000;

/** The activities of database housekeeping. All are idempotent. */
export function createHousekeepingActivities({ orm }: { orm: Orm }) {
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
  };
}
