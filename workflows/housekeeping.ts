import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { HousekeepingResult } from '../shared/contracts/sweep.ts';
import { brief } from './options.ts';

/**
 * Keeps database and storage ready: partitions of the months ahead; old idempotency keys and unfinished files go; samples
 * of hosts are rolled up, and the old ones go.
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
