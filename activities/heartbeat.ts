import { Context } from '@temporalio/activity';

/** Cancellation arrives in the response to a heartbeat, so this interval bounds its delay to seconds. */
const INTERVAL_MS = 1_000;

/**
 * Runs `work` and heartbeats every second with the result of `details`.
 * @throws CancelledFailure instead of the error of `work` if the activity is cancelled
 */
export async function beating<Result>(details: () => object, work: () => Promise<Result>): Promise<Result> {
  const context = Context.current();
  context.heartbeat(details());
  const timer = setInterval(() => context.heartbeat(details()), INTERVAL_MS);
  try {
    return await work();
  } catch (error) {
    // An error after a cancellation is its consequence: throw Temporal's CancelledFailure instead.
    if (context.cancellationSignal.aborted) await context.cancelled;
    throw error;
  } finally {
    clearInterval(timer);
  }
}
