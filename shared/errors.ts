/** One invalid field of a request, as `errors[]` of a problem document lists it. */
export interface FieldError {
  field: string;
  message: string;
}

/** Why an operation was refused. Stable: clients and callers decide by it. */
export type ErrorCode =
  | 'validation'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'gone'
  | 'idempotency-mismatch'
  | 'unavailable';

/** An error with a message for the client: a stable code and the invalid fields, if any. It knows no transport. */
export class TidemarkError extends Error {
  override readonly name = 'TidemarkError';
  readonly code: ErrorCode;
  readonly errors: readonly FieldError[];

  constructor(
    code: ErrorCode,
    message: string,
    { errors = [], cause }: { errors?: readonly FieldError[]; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.code = code;
    this.errors = errors;
  }
}

/** A `validation` error that lists every invalid field. */
export function validationError(errors: readonly FieldError[]): TidemarkError {
  return new TidemarkError('validation', 'The request has invalid fields.', { errors });
}

/** Invalid environment variables; the message lists each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(faults: readonly string[]) {
    super(`Invalid configuration:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
  }
}
