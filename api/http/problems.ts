import type { Middleware } from 'koa';
import { TidemarkError } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';

/** Turns every fault into an RFC 9457 problem document; what the client is not to blame for is logged. */
export function problems(log: Log): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      const known = toTidemarkError(error);
      if (known === null || known.status >= 500)
        log.error({ err: error, method: ctx.method, path: ctx.path }, 'request failed');
      const status = known?.status ?? 500;
      ctx.status = status;
      if (known?.retryAfterSeconds !== undefined) ctx.set('Retry-After', String(known.retryAfterSeconds));
      ctx.type = 'application/problem+json';
      ctx.body = JSON.stringify({
        type: `urn:tidemark:problem:${known?.code ?? 'internal'}`,
        title: known?.message ?? 'Something went wrong here; it was logged.',
        status,
        ...(known && known.errors.length > 0 ? { errors: known.errors } : {}),
      });
    }
  };
}

/** Faults of the database that pass by themselves, by SQLSTATE class or code; the client may try again. */
const PASSING_SQLSTATES = /^(08|53|57P|40001|40P01|55P03)/;
const CONNECTION_ERRORS = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOENT']);

function toTidemarkError(error: unknown): TidemarkError | null {
  if (error instanceof TidemarkError) return error;
  if (isDatabaseAway(error)) {
    return new TidemarkError('unavailable', 'The database is out of reach; try again soon.', {
      retryAfterSeconds: 2,
      cause: error,
    });
  }
  return null;
}

/** True for a lost or refused connection, however deep the driver wraps it. */
function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && typeof error.code === 'string') {
    if (PASSING_SQLSTATES.test(error.code) || CONNECTION_ERRORS.has(error.code)) return true;
  }
  if (/Connection terminated|timeout exceeded when trying to connect|Client .* is not queryable/.test(error.message)) {
    return true;
  }
  if (error instanceof AggregateError && error.errors.some(isDatabaseAway)) return true;
  return isDatabaseAway(error.cause);
}
