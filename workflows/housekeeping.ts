import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { HousekeepingResult } from '../shared/contracts/housekeeping.ts';
import { brief } from './options.ts';

/**
 * Creates partitions for the months ahead, removes old idempotency keys and unfinished files, rolls up host samples and
 * removes the old ones.
 */
export async function housekeeping(): Promise<HousekeepingResult> {
  const { makePartitions, forgetIdempotencyKeys, removeUnfinishedFiles, rollUpHosts, removeOldHostRows } =
    proxyActivities<Activities>({ ...brief, startToCloseTimeout: '5m' });
  const partitionsMade = await makePartitions();
  const idempotencyKeysForgotten = await forgetIdempotencyKeys();
  const unfinishedFilesRemoved = await removeUnfinishedFiles();
  const hostBuckets15mRolledUp = await rollUpHosts();
  const hostRowsRemoved = await removeOldHostRows();
  return {
    partitionsMade,
    idempotencyKeysForgotten,
    unfinishedFilesRemoved,
    hostBuckets15mRolledUp,
    hostRowsRemoved,
  };
}
