import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { SweepResult } from '../shared/contracts/jobs.ts';
import { brief } from './options.ts';

/** One round of the job sweep: starts, closes and cleans up after reports, erasures and imports. */
export async function sweepJobs(): Promise<SweepResult> {
  const { sweepJobs } = proxyActivities<Activities>({
    ...brief,
    // Each open job costs a call or two.
    startToCloseTimeout: '5m',
    // A killed worker must not cost the rounds of the next five minutes.
    heartbeatTimeout: '10s',
  });
  return sweepJobs();
}
