import { continueAsNew, patched, proxyActivities, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { RollupInput, RollupResult } from '../shared/contracts/rollups.ts';
import { heavy } from './options.ts';

/** Two refresh different organisations at a time; more would load the database that answers requests. */
const LANES = 2;

/**
 * Refreshes the rollups: claims dirty buckets of all organisations in chunks, the longest dirty first, and recomputes each
 * from the facts.
 */
export async function rollup(input: RollupInput): Promise<RollupResult> {
  const { refreshDirtyBuckets, settleDirtyBuckets } = proxyActivities<Activities>({ ...heavy });
  // A run that began under the activity's old name replays that name.
  const refreshBuckets = patched('refreshDirtyBuckets') ? refreshDirtyBuckets : settleDirtyBuckets;
  const total: RollupResult = { buckets15m: 0, chunks: 0, failed: 0 };
  const lane = async () => {
    for (;;) {
      const step = await refreshBuckets(input.orgId);
      total.buckets15m += step.buckets15m;
      total.chunks += step.chunks;
      total.failed += step.failed;
      setCurrentDetails(`${total.buckets15m} buckets of 15 minutes in ${total.chunks} chunks, ${total.failed} failed`);
      if (step.isDone || workflowInfo().continueAsNewSuggested) return step.isDone;
    }
  };
  // One organisation is refreshed by one lane.
  const done = await Promise.all(Array.from({ length: input.orgId === null ? LANES : 1 }, lane));
  if (done.every(Boolean)) return total;
  return continueAsNew<typeof rollup>(input);
}
