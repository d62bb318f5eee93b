import { continueAsNew, proxyActivities, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { RollupInput, RollupResult } from '../shared/contracts/rollups.ts';
import { heavy } from './options.ts';

/** Two at once settle different organisations; more would take the database from those who wait for answers. */
const LANES = 2;

/**
 * Brings the rollups up to what was written: takes the marked buckets in chunks, of all organisations, those first that
 * wait longest, and makes each anew out of the facts.
 */
export async function rollup(input: RollupInput): Promise<RollupResult> {
  const { settleDirtyBuckets } = proxyActivities<Activities>({ ...heavy });
  const total: RollupResult = { quarters: 0, chunks: 0, failed: 0 };
  const lane = async () => {
    for (;;) {
      const step = await settleDirtyBuckets(input.orgId);
      total.quarters += step.quarters;
      total.chunks += step.chunks;
      total.failed += step.failed;
      setCurrentDetails(`${total.quarters} quarters of an hour in ${total.chunks} chunks, ${total.failed} failed`);
      if (step.isDone || workflowInfo().continueAsNewSuggested) return step.isDone;
    }
  };
  // One organisation is settled by one at a time.
  const done = await Promise.all(Array.from({ length: input.orgId === null ? LANES : 1 }, lane));
  if (done.every(Boolean)) return total;
  return continueAsNew<typeof rollup>(input);
}
