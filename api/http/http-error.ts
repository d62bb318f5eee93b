/** Codes of errors that exist only in HTTP; domain errors have an `ErrorCode` (shared/errors.ts). */
export type HttpErrorCode =
  | 'unauthenticated'
  | 'method-not-allowed'
  | 'not-acceptable'
  | 'request-timeout'
  | 'too-large'
  | 'unsupported-media-type'
  | 'range-not-satisfiable'
  | 'rate-limited'
  | 'overloaded';

/** An error of the HTTP layer, with the headers that its answer carries. */
export abstract class HttpError extends Error {
  abstract readonly code: HttpErrorCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(message: string, { headers = {}, cause }: { headers?: Record<string, string>; cause?: unknown } = {}) {
    super(message, { cause });
    this.headers = headers;
  }
}

/** No credential. */
export class UnauthenticatedError extends HttpError {
  override readonly code = 'unauthenticated';

  constructor(message: string) {
    super(message, { headers: { 'WWW-Authenticate': 'Bearer' } });
  }
}

/** An unknown, expired or malformed credential (RFC 6750, 3.1). */
export class InvalidCredentialError extends HttpError {
  override readonly code = 'unauthenticated';

  constructor(message: string, { cause }: { cause?: unknown } = {}) {
    super(message, { headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' }, cause });
  }
}

export class MethodNotAllowedError extends HttpError {
  override readonly code = 'method-not-allowed';
}

/** No content type of the answer satisfies `Accept`. */
export class NotAcceptableError extends HttpError {
  override readonly code = 'not-acceptable';
}

/** The body arrived too slowly, or the client closed the connection before it was served. */
export class RequestTimeoutError extends HttpError {
  override readonly code = 'request-timeout';
}

/** The body, or the number of records in it, exceeds the limit. */
export class TooLargeError extends HttpError {
  override readonly code = 'too-large';
}

export class UnsupportedMediaTypeError extends HttpError {
  override readonly code = 'unsupported-media-type';
}

export class RangeNotSatisfiableError extends HttpError {
  override readonly code = 'range-not-satisfiable';
}

/** The credential, its organisation or its address exceeded a rate limit. */
export class RateLimitedError extends HttpError {
  override readonly code = 'rate-limited';

  constructor(message: string, retryAfterSeconds: number) {
    super(message, { headers: { 'Retry-After': String(retryAfterSeconds) } });
  }
}

/** The process serves as many requests as it can. */
export class OverloadedError extends HttpError {
  override readonly code = 'overloaded';

  constructor(message: string, retryAfterSeconds: number) {
    super(message, { headers: { 'Retry-After': String(retryAfterSeconds) } });
  }
}
