import type { Middleware } from 'koa';

/** The time for a client to read the answer and stop sending. */
const GRACE_MS = 10_000;

/** Closes the connection of a client that goes on sending a body after the answer. */
export const cutUnreadBodies: Middleware = async (ctx, next) => {
  ctx.res.once('finish', () => {
    if (ctx.req.complete) return;
    const timer = setTimeout(() => {
      if (!ctx.req.complete) ctx.req.destroy();
    }, GRACE_MS).unref();
    ctx.req.once('close', () => clearTimeout(timer));
  });
  await next();
};
