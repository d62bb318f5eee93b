import { TidemarkError } from '../shared/errors.ts';
import { temporalAway, withTemporalDeadline } from '../shared/jobs/temporal-calls.ts';
import type { RequestContext } from './route.ts';

const RETRY_AFTER_SECONDS = 5;

/**
 * Asks Temporal, within what a client waits for.
 * @throws TidemarkError `unavailable` where it is out of reach
 */
export async function askTemporal<Result>({ deps }: RequestContext, ask: () => Promise<Result>): Promise<Result> {
  try {
    return await withTemporalDeadline(deps.temporal, ask);
  } catch (error) {
    if (!temporalAway(error)) throw error;
    throw new TidemarkError('unavailable', 'Temporal is out of reach; ask again soon.', {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
      cause: error,
    });
  }
}
