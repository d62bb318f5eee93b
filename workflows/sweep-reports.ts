import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { SweepResult } from '../shared/contracts/jobs.ts';
import { brief } from './options.ts';

/**
 * The sweep before it took all jobs.
 * @deprecated Only for runs that a worker of the version before had begun, and for their saved histories. Nothing starts it.
 */
export async function sweepReports(): Promise<SweepResult> {
  const { sweepReports } = proxyActivities<Activities>({
    ...brief,
    startToCloseTimeout: '5m',
    heartbeatTimeout: '10s',
  });
  return sweepReports();
}
