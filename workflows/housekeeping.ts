import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { HousekeepingResult } from '../shared/contracts/sweep.ts';
import { brief } from './options.ts';

/** Keeps database and storage ready: partitions of the months ahead; old idempotency keys and unfinished files go. */
export async function housekeeping(): Promise<HousekeepingResult> {
  const { makePartitions, forgetIdempotencyKeys, removeUnfinishedFiles } = proxyActivities<Activities>({
    ...brief,
    startToCloseTimeout: '5m',
  });
  const partitionsMade = await makePartitions();
  const idempotencyKeysForgotten = await forgetIdempotencyKeys();
  const unfinishedFilesRemoved = await removeUnfinishedFiles();
  return { partitionsMade, idempotencyKeysForgotten, unfinishedFilesRemoved };
}
