import { Context } from '@temporalio/activity';

/** Often enough that a cancellation, which comes with the answer, is heard within seconds. */
const INTERVAL_MS = 1_000;

/** Heartbeats with `details` while `work` runs. */
export async function beating<Result>(details: () => object, work: () => Promise<Result>): Promise<Result> {
  const context = Context.current();
  context.heartbeat(details());
  const timer = setInterval(() => context.heartbeat(details()), INTERVAL_MS);
  try {
    return await work();
  } catch (error) {
    // What breaks under a cancellation breaks because of it: say so in Temporal's own words.
    if (context.cancellationSignal.aborted) await context.cancelled;
    throw error;
  } finally {
    clearInterval(timer);
  }
}
