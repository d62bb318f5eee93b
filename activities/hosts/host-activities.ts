import { dbOf, type Orm } from '../../shared/db/orm.ts';
import {
  removeOldHostSamples,
  removeOldHostSamples15m,
  rollUpHostSamples,
} from '../../shared/hosts/roll-up-samples.ts';

/** Small deletes keep their locks short. */
const BATCH = 5_000;

/** As far back as a range may reach (shared/domain/time-range.ts). */
const SAMPLES_15M_KEPT_DAYS = 400;

/** What keeps the samples of hosts few. */
export function createHostSampleActivities({ orm, keptDays }: { orm: Orm; keptDays: number }) {
  return {
    /** @returns how many quarter hours were written */
    async rollUpHosts(): Promise<number> {
      return rollUpHostSamples(dbOf(orm.em.fork()));
    },

    /** @returns how many rows were old enough */
    async removeOldHostRows(): Promise<number> {
      const db = dbOf(orm.em.fork());
      return (
        (await untilFew((limit) => removeOldHostSamples(db, keptDays, limit))) +
        (await untilFew((limit) => removeOldHostSamples15m(db, SAMPLES_15M_KEPT_DAYS, limit)))
      );
    },
  };
}

async function untilFew(remove: (limit: number) => Promise<number>): Promise<number> {
  let removed = 0;
  for (;;) {
    const count = await remove(BATCH);
    removed += count;
    if (count < BATCH) return removed;
  }
}
