import { continueAsNew, isCancellation, log, proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { DailyRollupInput, DailyRollupResult, DaysToClose } from '../shared/contracts/rollups.ts';
import { inLanes } from './lanes.ts';
import { brief, onHeavyQueue } from './options.ts';

/** Organisations of one run; the next continues after them, with a new history. */
const ORGANISATIONS_PER_RUN = 200;
const LANES = 4;

/**
 * Closes the local days that ended since the last round, of every organisation in its own time zone: refreshes dirty
 * buckets and computes the day's system metrics. Days that are closed already are skipped.
 */
export async function dailyRollup(input: DailyRollupInput): Promise<DailyRollupResult> {
  const { listEndedDays } = proxyActivities<Activities>({ ...brief });
  const { backfillDay } = proxyActivities<Activities>(onHeavyQueue());
  const result = input.resume?.result ?? { organisations: 0, daysClosed: 0, failed: 0 };
  const { days, lastOrgId } = await listEndedDays(input.resume?.afterOrgId ?? '', ORGANISATIONS_PER_RUN);
  await inLanes(days, LANES, async (ended) => {
    try {
      await close(ended);
    } catch (error) {
      if (isCancellation(error)) throw error;
      // The next round finds the day again; the other organisations do not wait for it.
      log.warn('a day was not closed', { orgId: ended.orgId, error });
      result.failed += 1;
    }
    result.organisations += 1;
    setCurrentDetails(`${result.daysClosed} days of ${result.organisations} organisations closed`);
  });
  if (lastOrgId === null) return result;
  return continueAsNew<typeof dailyRollup>({ ...input, resume: { afterOrgId: lastOrgId, result } });

  async function close({ orgId, dates }: DaysToClose): Promise<void> {
    for (const date of dates) {
      const { generated } = await backfillDay(orgId, date, false);
      if (generated) result.daysClosed += 1;
    }
  }
}
