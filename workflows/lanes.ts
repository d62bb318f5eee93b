import { CancellationScope, isCancellation } from '@temporalio/workflow';

/**
 * Does `work` for each item, in their order, at most `width` at a time. The first failure cancels the others, waits for
 * them and is thrown.
 */
export async function inLanes<Item>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  await CancellationScope.cancellable(async () => {
    const scope = CancellationScope.current();
    const lane = async () => {
      try {
        // The lanes share one iterator: each takes the next item.
        for (const item of waiting) await work(item);
      } catch (error) {
        scope.cancel();
        throw error;
      }
    };
    const lanes = await Promise.allSettled(Array.from({ length: Math.min(width, items.length) }, lane));
    const failures = lanes.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    // The fault itself, rather than the cancellations that it caused.
    const cause = failures.find((failure) => !isCancellation(failure)) ?? failures[0];
    if (cause) throw cause;
  });
}
