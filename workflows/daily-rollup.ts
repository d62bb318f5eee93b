import { continueAsNew, isCancellation, log, proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { DailyRollupInput, DailyRollupResult, DaysToClose } from '../shared/contracts/rollups.ts';
import { brief, heavy } from './options.ts';

/** Organisations of one run; the next goes on after them, with a new history. */
const ORGANISATIONS_PER_RUN = 200;
const LANES = 4;

/**
 * Closes the local days that ended since the last round, of every organisation in its own time zone: refreshes what is
 * marked and keeps the day's system metrics. Days that are closed already are left.
 */
export async function dailyRollup(input: DailyRollupInput): Promise<DailyRollupResult> {
  const { listEndedDays } = proxyActivities<Activities>({ ...brief });
  const { backfillDay } = proxyActivities<Activities>({ ...heavy, taskQueue: input.heavyTaskQueue });
  const result = input.resume?.result ?? { organisations: 0, daysClosed: 0, failed: 0 };
  const { days, lastOrgId } = await listEndedDays(input.resume?.afterOrgId ?? '', ORGANISATIONS_PER_RUN);
  const waiting = [...days];
  const close = async ({ orgId, dates }: DaysToClose) => {
    for (const date of dates) {
      const { generated } = await backfillDay(orgId, date, false);
      if (generated) result.daysClosed += 1;
    }
  };
  const lane = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      try {
        await close(next);
      } catch (error) {
        if (isCancellation(error)) throw error;
        // The next round finds the day again; the other organisations do not wait for it.
        log.warn('a day was not closed', { orgId: next.orgId, error });
        result.failed += 1;
      }
      result.organisations += 1;
      setCurrentDetails(`${result.daysClosed} days of ${result.organisations} organisations closed`);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  if (lastOrgId === null) return result;
  return continueAsNew<typeof dailyRollup>({ ...input, resume: { afterOrgId: lastOrgId, result } });
}
