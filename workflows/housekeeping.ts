import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { HousekeepingResult } from '../shared/contracts/sweep.ts';
import { brief } from './options.ts';

/** Keeps the database ready: partitions of the months ahead, old idempotency keys forgotten. */
export async function housekeeping(): Promise<HousekeepingResult> {
  const { makePartitions, forgetIdempotencyKeys } = proxyActivities<Activities>({
    ...brief,
    startToCloseTimeout: '5m',
  });
  const partitionsMade = await makePartitions();
  const idempotencyKeysForgotten = await forgetIdempotencyKeys();
  return { partitionsMade, idempotencyKeysForgotten };
}
