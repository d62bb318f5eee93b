import { dbOf, type Orm } from '../../shared/db/orm.ts';
import {
  removeOldHostSamples,
  removeOldHostSamples15m,
  rollUpHostSamples,
} from '../../shared/hosts/roll-up-samples.ts';

/** Rows per delete; small batches keep locks short. */
const BATCH = 5_000;

/** The maximum reach of a time range (shared/domain/time-range.ts). */
const SAMPLES_15M_KEPT_DAYS = 400;

/** The activities that roll up host samples and delete old ones. @param keptDays days to keep raw samples */
export function createHostSampleActivities({ orm, keptDays }: { orm: Orm; keptDays: number }) {
  return {
    /** Rolls up host samples to quarter hours. @returns the number of quarter hours written */
    async rollUpHosts(): Promise<number> {
      return rollUpHostSamples(dbOf(orm.em.fork()));
    },

    /** Deletes old samples and quarter hours in batches. @returns the number of rows deleted */
    async removeOldHostRows(): Promise<number> {
      const db = dbOf(orm.em.fork());
      return (
        (await removeAll((limit) => removeOldHostSamples(db, keptDays, limit))) +
        (await removeAll((limit) => removeOldHostSamples15m(db, SAMPLES_15M_KEPT_DAYS, limit)))
      );
    },
  };
}

async function removeAll(remove: (limit: number) => Promise<number>): Promise<number> {
  let removed = 0;
  for (;;) {
    const count = await remove(BATCH);
    removed += count;
    if (count < BATCH) return removed;
  }
}
