import type { Middleware } from 'koa';
import { v7 as uuidv7 } from 'uuid';
import type { Log } from '../../shared/log.ts';
import type { RequestWindow } from '../health/request-window.ts';

/** Accepted values of a client's own `X-Request-Id`. */
const REQUEST_ID = /^[\w.-]{1,128}$/;

/**
 * Assigns each request an id for its answer and its log lines, and logs and counts its outcome. Headers, bodies and
 * queries are not logged.
 */
export function requestLog(log: Log, requests: RequestWindow): Middleware {
  return async (ctx, next) => {
    const given = ctx.get('x-request-id');
    const requestId = REQUEST_ID.test(given) ? given : uuidv7();
    ctx.set('X-Request-Id', requestId);
    const startedAt = performance.now();
    ctx.state.log = log.child({ requestId });
    await next();
    const durationMs = performance.now() - startedAt;
    requests.record(durationMs, ctx.status);
    const line = {
      requestId,
      method: ctx.method,
      path: ctx.path,
      status: ctx.status,
      durationMs: Math.round(durationMs),
    };
    if (ctx.status >= 500) log.warn(line, 'request');
    else log.debug(line, 'request');
  };
}
