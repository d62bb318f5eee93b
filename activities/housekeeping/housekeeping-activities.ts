import { dbOf, type Orm } from '../../shared/db/orm.ts';
import { ensurePartitionsAhead } from '../../shared/db/partitions.ts';
import { purgeIdempotencyKeys } from '../../shared/organisations/idempotency.ts';

/** Small deletes keep their locks short. */
const BATCH = 5_000;

/** What keeps the database ready. */
export function createHousekeepingActivities({ orm }: { orm: Orm }) {
  return {
    /** @returns how many partitions were missing */
    async makePartitions(): Promise<number> {
      return ensurePartitionsAhead(dbOf(orm.em.fork()), new Date());
    },

    /** @returns how many keys were old enough */
    async forgetIdempotencyKeys(): Promise<number> {
      const db = dbOf(orm.em.fork());
      let forgotten = 0;
      for (;;) {
        const count = await purgeIdempotencyKeys(db, BATCH);
        forgotten += count;
        if (count < BATCH) return forgotten;
      }
    },
  };
}
