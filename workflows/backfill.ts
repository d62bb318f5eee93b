import {
  condition,
  continueAsNew,
  defineSignal,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { BackfillInput, BackfillProgress } from '../shared/contracts/rollups.ts';
import { PAUSE_SIGNAL, RESUME_SIGNAL } from '../shared/contracts/runs.ts';
import { closedOnFailure } from './job-outcome.ts';
import { brief, onHeavyQueue } from './options.ts';
import { answerProgress } from './progress.ts';

const pauseSignal = defineSignal(PAUSE_SIGNAL);
const resumeSignal = defineSignal(RESUME_SIGNAL);

/**
 * Recomputes an organisation's local days, one after the other. It can be paused between two days, and cancelled: each
 * day is complete by itself.
 */
export async function backfill(input: BackfillInput): Promise<BackfillProgress> {
  const { listDates } = proxyActivities<Activities>({ ...brief });
  const { backfillDay } = proxyActivities<Activities>(onHeavyQueue());
  const progress: BackfillProgress = input.resume ?? {
    status: 'running',
    day: null,
    daysDone: 0,
    daysTotal: 0,
    daysGenerated: 0,
    buckets15m: 0,
  };
  const advance = (change: Partial<BackfillProgress>) => {
    Object.assign(progress, change);
    const { status, day, daysDone, daysTotal } = progress;
    setCurrentDetails(`**${status}**: ${daysDone} of ${daysTotal} days${day === null ? '' : `, at ${day}`}`);
  };
  answerProgress<'backfill'>(() => progress);
  setHandler(pauseSignal, () => advance({ status: 'paused' }));
  setHandler(resumeSignal, () => advance({ status: 'running' }));

  return closedOnFailure(
    async () => {
      const dates = await listDates(input.startDate, input.endDate);
      advance({ daysTotal: dates.length });
      for (const date of dates.slice(progress.daysDone)) {
        await condition(() => progress.status !== 'paused');
        advance({ day: date });
        const { generated, buckets15m } = await backfillDay(input.orgId, date, input.force);
        advance({
          daysDone: progress.daysDone + 1,
          daysGenerated: progress.daysGenerated + (generated ? 1 : 0),
          buckets15m: progress.buckets15m + buckets15m,
        });
        if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof backfill>({ ...input, resume: progress });
      }
      advance({ status: 'completed', day: null });
      return progress;
    },
    async ({ status }) => advance({ status }),
  );
}
