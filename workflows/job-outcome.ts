import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  ContinueAsNew,
  isCancellation,
} from '@temporalio/workflow';
import type { JobFailure, JobOutcome } from '../shared/contracts/jobs.ts';

/**
 * Does `work`. Where that is cancelled or fails, closes what it worked on and throws the same error.
 * @param close runs outside the cancelled scope: a row must be closed, and files removed, after a cancellation too
 */
export async function closedOnFailure<Result>(
  work: () => Promise<Result>,
  close: (outcome: JobOutcome) => Promise<unknown>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    // The run continues with a new history.
    if (error instanceof ContinueAsNew) throw error;
    await CancellationScope.nonCancellable(() => close(outcomeOf(error)));
    throw error;
  }
}

function outcomeOf(error: unknown): JobOutcome {
  return isCancellation(error) ? { status: 'cancelled' } : { status: 'failed', failure: failureOf(error) };
}

/** The innermost cause, which an activity of ours named: Temporal's wrapping tells where it failed, not why. */
function failureOf(error: unknown): JobFailure {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure) return { code: cause.type ?? 'FAILED', message: cause.message };
  return { code: 'FAILED', message: cause instanceof Error ? cause.message : String(cause) };
}
