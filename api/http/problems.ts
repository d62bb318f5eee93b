import type { Middleware } from 'koa';
import { clip } from '../../shared/clip.ts';
import { type FieldError, TidemarkError } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import { HttpError } from './http-error.ts';
import { type ProblemCode, statusOf } from './problem-codes.ts';

/** An answer must not be much longer than its request. */
const MAX_ERRORS = 100;
const MAX_FIELD_LENGTH = 500;
/** Of all messages together: one may list every metric of the catalog, a hundred may each quote a long value. */
const MAX_MESSAGES_LENGTH = 16_000;

/** Temporal, or the issuer's keys: a failover takes a few seconds. */
const UNAVAILABLE_RETRY_AFTER_SECONDS = 5;
/** PostgreSQL: deadlocks, lost connections and restarts pass sooner. */
const DATABASE_RETRY_AFTER_SECONDS = 2;

interface Problem {
  code: ProblemCode | 'internal';
  status: number;
  title: string;
  errors: readonly FieldError[];
  headers: Readonly<Record<string, string>>;
}

/** Turns every error into an RFC 9457 problem document; server errors (5xx) are logged. */
export function problems(log: Log): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      const { code, status, title, errors, headers } = problemOf(error);
      if (status >= 500) log.error({ err: error, method: ctx.method, path: ctx.path }, 'request failed');
      ctx.status = status;
      ctx.set(headers);
      ctx.type = 'application/problem+json';
      ctx.body = JSON.stringify({
        type: `urn:tidemark:problem:${code}`,
        title,
        status,
        ...(errors.length > 0 ? { errors: clipped(errors) } : {}),
      });
    }
  };
}

/** Errors quote the request, which may contain anything of any length. */
function clipped(errors: readonly FieldError[]): FieldError[] {
  let left = MAX_MESSAGES_LENGTH;
  return errors.slice(0, MAX_ERRORS).map((error) => {
    const message = clip(error.message, left);
    left -= message.length;
    return { ...error, field: clip(error.field, MAX_FIELD_LENGTH), message };
  });
}

function problemOf(error: unknown): Problem {
  if (error instanceof TidemarkError) {
    const { code, message: title, errors } = error;
    const headers = code === 'unavailable' ? retryAfter(UNAVAILABLE_RETRY_AFTER_SECONDS) : {};
    return { code, status: statusOf(code), title, errors, headers };
  }
  if (error instanceof HttpError) {
    const { code, message: title, headers } = error;
    return { code, status: statusOf(code), title, errors: [], headers };
  }
  if (isDatabaseUnavailable(error)) {
    const title = 'The database is unavailable; try again.';
    const headers = retryAfter(DATABASE_RETRY_AFTER_SECONDS);
    return { code: 'unavailable', status: statusOf('unavailable'), title, errors: [], headers };
  }
  return { code: 'internal', status: 500, title: 'Internal error; it was logged.', errors: [], headers: {} };
}

function retryAfter(seconds: number): Record<string, string> {
  return { 'Retry-After': String(seconds) };
}

/** Transient database errors, by SQLSTATE class or code; a retry may succeed. */
const TRANSIENT_SQLSTATES = /^(08|53|57P|40001|40P01|55P03)/;
const CONNECTION_ERRORS = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOENT']);

/** True for a lost or refused connection or a transient SQLSTATE, however deep the driver wraps it. */
function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && typeof error.code === 'string') {
    if (TRANSIENT_SQLSTATES.test(error.code) || CONNECTION_ERRORS.has(error.code)) return true;
  }
  if (/Connection terminated|timeout exceeded when trying to connect|Client .* is not queryable/.test(error.message)) {
    return true;
  }
  if (error instanceof AggregateError && error.errors.some(isDatabaseUnavailable)) return true;
  return isDatabaseUnavailable(error.cause);
}
