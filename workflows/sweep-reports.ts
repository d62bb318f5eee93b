import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { SweepResult } from '../shared/contracts/sweep.ts';
import { brief } from './options.ts';

/** Starts reports that were left pending, closes those whose workflow is gone, removes files that expired. */
export async function sweepReports(): Promise<SweepResult> {
  // One round looks at a bounded number of rows, each with a call or two.
  const { sweepReports } = proxyActivities<Activities>({
    ...brief,
    startToCloseTimeout: '5m',
    // A killed worker must not cost the rounds of the next five minutes.
    heartbeatTimeout: '10s',
  });
  return sweepReports();
}
