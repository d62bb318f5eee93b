import { type Client, isGrpcServiceError, ServiceError } from '@temporalio/client';
import { TidemarkError } from '../errors.ts';

/** The longest wait of a request for Temporal; a slower server counts as unavailable. */
const DEADLINE_MS = 5_000;

/** Calls Temporal with the deadline of a request. Errors are the client's own (see `isTemporalUnavailable`). */
export function withTemporalDeadline<Result>(client: Client, call: () => Promise<Result>): Promise<Result> {
  return client.connection.withDeadline(Date.now() + DEADLINE_MS, call);
}

/**
 * Calls Temporal with the deadline of a request.
 * @throws TidemarkError `unavailable` where Temporal does not answer
 */
export async function askTemporal<Result>(client: Client, call: () => Promise<Result>): Promise<Result> {
  try {
    return await withTemporalDeadline(client, call);
  } catch (error) {
    if (!isTemporalUnavailable(error)) throw error;
    throw new TidemarkError('unavailable', 'Temporal is unavailable; try again.', { cause: error });
  }
}

/** gRPC codes of an unreachable, slow or starting server: CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE. */
const UNAVAILABLE_CODES = new Set([1, 4, 8, 14]);

/** True where Temporal did not answer, false where it refused the call. */
export function isTemporalUnavailable(error: unknown): boolean {
  if (isGrpcServiceError(error)) return UNAVAILABLE_CODES.has(error.code);
  if (error instanceof ServiceError) return isTemporalUnavailable(error.cause);
  return error instanceof Error && error.message.includes('Failed to connect before the deadline');
}
