import type { ErrorCode } from '../../shared/errors.ts';
import type { HttpErrorCode } from './http-error.ts';

/** Every `<code>` of `urn:tidemark:problem:<code>`, except `internal`. */
export type ProblemCode = ErrorCode | HttpErrorCode;

const STATUSES: Readonly<Record<ProblemCode, number>> = {
  validation: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
  'not-acceptable': 406,
  'request-timeout': 408,
  conflict: 409,
  gone: 410,
  'too-large': 413,
  'unsupported-media-type': 415,
  'range-not-satisfiable': 416,
  'idempotency-mismatch': 422,
  'rate-limited': 429,
  overloaded: 429,
  unavailable: 503,
};

/** The HTTP status of a problem. */
export function statusOf(code: ProblemCode): number {
  return STATUSES[code];
}
