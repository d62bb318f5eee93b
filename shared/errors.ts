/** One field at fault in a request, as `errors[]` of a problem document shows it. */
export interface FieldError {
  field: string;
  message: string;
}

export type ErrorCode =
  | 'validation'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'method-not-allowed'
  | 'conflict'
  | 'gone'
  | 'too-large'
  | 'unsupported-media-type'
  | 'range-not-satisfiable'
  | 'idempotency-mismatch'
  | 'rate-limited'
  | 'overloaded'
  | 'unavailable';

const statusByCode: Record<ErrorCode, number> = {
  validation: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
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

/** A fault that a client can be told about: a stable code, its HTTP status, and the fields at fault. */
export class TidemarkError extends Error {
  override readonly name = 'TidemarkError';
  readonly code: ErrorCode;
  readonly errors: readonly FieldError[];
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    more: { errors?: readonly FieldError[]; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause });
    this.code = code;
    this.errors = more.errors ?? [];
    this.retryAfterSeconds = more.retryAfterSeconds;
  }

  get status(): number {
    return statusByCode[this.code];
  }
}

/** The request is at fault; every bad field is named. */
export function validationError(errors: readonly FieldError[]): TidemarkError {
  return new TidemarkError('validation', 'The request has fields that cannot be taken.', { errors });
}

/** The environment is at fault; the message lists every variable. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(faults: readonly string[]) {
    super(`Configuration cannot be used:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
  }
}
