import cors from '@koa/cors';
import Router from '@koa/router';
import Koa, { type Context } from 'koa';
import helmet from 'koa-helmet';
import { TidemarkError } from '../shared/errors.ts';
import { admit, anonymous } from './admit.ts';
import type { Dependencies } from './dependencies.ts';
import { BASE_PATHS } from './http/base-path.ts';
import { type BodyFormat, bodyOf, type RequestBody } from './http/body.ts';
import { setClientAddress } from './http/client-address.ts';
import { clientLeft } from './http/client-left.ts';
import { MethodNotAllowedError } from './http/http-error.ts';
import { problems } from './http/problems.ts';
import { withReceivedBody } from './http/received-body.ts';
import { requestLog } from './http/request-log.ts';
import { cutUnreadBodies } from './http/unread-body.ts';
import { requestContext } from './request-context.ts';
import type { Answer, Body, Caller, Route } from './route.ts';
import { docs } from './routes/docs/routes.ts';

/** Response headers that scripts of other origins may read. */
const EXPOSED_HEADERS = [
  'ETag',
  'Retry-After',
  'X-Request-Id',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
];

/** The longest pause of a stream: its reader stalls, or its query computes. */
const STALLED_MS = 120_000;

/** The API with these routes; it does not listen yet. */
export function buildApp(deps: Dependencies, routes: readonly Route[]): Koa {
  const app = new Koa();
  // Connections that broke after their request was handled; Koa's own handler would print them as plain text.
  app.on('error', (error: unknown) => deps.log.info({ err: error }, 'the connection of a request failed'));
  app.use(setClientAddress(deps.config.TRUST_PROXY));
  app.use(cutUnreadBodies);
  app.use(requestLog(deps.log, deps.requests));
  // Answers are data: browsers must not execute, frame or sniff them.
  app.use(
    helmet({
      contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    }),
  );
  app.use(cors({ origin: allowedOrigin(deps.config.CORS_ORIGINS), exposeHeaders: EXPOSED_HEADERS, maxAge: 600 }));
  app.use(problems(deps.log));
  app.use(async (ctx, next) => {
    await next();
    if (ctx.status === 404) throw noRoute(ctx);
  });
  app.use(docs(routes));
  for (const base of BASE_PATHS) {
    const router = new Router({ prefix: base });
    for (const route of routes) {
      router.register(route.path, [route.method], async (ctx: Context) => {
        const params: Record<string, string> = ctx.params;
        await serve(ctx, deps, route, params);
      });
    }
    app.use(router.routes());
    const methodNotAllowed = () => new MethodNotAllowedError('This path does not support this method.');
    app.use(router.allowedMethods({ throw: true, methodNotAllowed, notImplemented: methodNotAllowed }));
  }
  return app;
}

function noRoute({ method, path }: Context): TidemarkError {
  return new TidemarkError('not-found', `No route matches ${method} ${path}.`);
}

async function serve(
  ctx: Context,
  deps: Dependencies,
  route: Route,
  params: Readonly<Record<string, string>>,
): Promise<void> {
  // No id contains these, and PostgreSQL would reject the query.
  if (Object.values(params).some((param) => param.includes('\u0000') || !param.isWellFormed())) throw noRoute(ctx);
  const em = deps.orm.em.fork();
  const query: Record<string, unknown> = { ...ctx.query };
  const caller = route.access === 'none' ? anonymous : await admit(ctx, deps, em, route, route.access);
  if (route.access !== 'none' && query.org_id !== undefined) {
    requireOwn(query.org_id, caller);
    delete query.org_id;
  }
  if (caller.isLink) for (const field of ['expires', 'signature']) delete query[field];
  const respond = async (bytes: Buffer) => {
    const body = ownBody(bodyOf(bytes, ctx.get('content-type'), formatOf(route.body)), caller);
    return route.run(requestContext(ctx, deps, { em, caller, body }), { params, query, body });
  };
  if (route.access === 'none') return send(ctx, await respond(Buffer.alloc(0)));
  const { orgId } = caller.credential;
  const isIngest = route.access.scope === 'telemetry';
  const answer = await withReceivedBody(ctx, deps, orgId, (bytes) => {
    // Telemetry comes in bursts, so it takes turns; the body has arrived by then, so a slow sender holds no turn.
    return isIngest ? deps.ingestTurns.run(orgId, clientLeft(ctx.res), () => respond(bytes)) : respond(bytes);
  });
  send(ctx, answer);
}

function formatOf(body: Body | undefined): BodyFormat {
  if (body === undefined) return 'none';
  return 'kind' in body && body.kind === 'batch' ? 'json-or-ndjson' : 'json';
}

/** CORS for the configured origins only. */
function allowedOrigin(origins: readonly string[]) {
  return (ctx: Context) => {
    const origin = ctx.get('origin');
    return origins.includes(origin) ? origin : '';
  };
}

function send(ctx: Context, answer: Answer): void {
  if (answer.stream) {
    ctx.body = answer.stream;
    // A reader that stalls holds a file or connections; the socket is closed after so long without a byte.
    ctx.res.setTimeout(STALLED_MS);
  } else if (answer.body) {
    ctx.type = 'application/json';
    ctx.body = JSON.stringify(answer.body);
  } else ctx.body = null;
  ctx.status = answer.status;
  // After the body: Koa removes Content-Length when it gets a stream.
  ctx.set({ ...answer.headers });
}

/** `org_id` is optional; it must be the credential's own organisation. */
function requireOwn(orgId: unknown, caller: Caller): void {
  if (orgId === caller.credential.orgId) return;
  throw new TidemarkError('forbidden', 'org_id is not the organisation of the credential; omit it.');
}

function ownBody(body: RequestBody, caller: Caller): RequestBody {
  return {
    ...body,
    async object() {
      const { org_id: orgId, ...rest } = await body.object();
      if (orgId !== undefined) requireOwn(orgId, caller);
      return rest;
    },
  };
}
