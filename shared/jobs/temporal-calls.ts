import { type Client, isGrpcServiceError, ServiceError } from '@temporalio/client';

/** A request waits for the answer: a Temporal that takes longer counts as unreachable. */
const DEADLINE_MS = 5_000;

/** Bounds the Temporal calls of `call`. */
export function withTemporalDeadline<Result>(client: Client, call: () => Promise<Result>): Promise<Result> {
  return client.connection.withDeadline(Date.now() + DEADLINE_MS, call);
}

/** gRPC codes of a server that is away, late or not ready: CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE. */
const AWAY_CODES = new Set([1, 4, 8, 14]);

/** True where Temporal could not be reached, as opposed to having refused. */
export function temporalAway(error: unknown): boolean {
  if (isGrpcServiceError(error)) return AWAY_CODES.has(error.code);
  if (error instanceof ServiceError) return temporalAway(error.cause);
  return error instanceof Error && error.message.includes('Failed to connect before the deadline');
}
