import cors from '@koa/cors';
import Router from '@koa/router';
import Koa, { type Context } from 'koa';
import helmet from 'koa-helmet';
import { dbOf } from '../shared/db/orm.ts';
import { inTransaction } from '../shared/db/transaction.ts';
import { TidemarkError, validationError } from '../shared/errors.ts';
import { recordAudit } from '../shared/organisations/audit.ts';
import { answerOnce } from '../shared/organisations/idempotency.ts';
import type { Dependencies } from './dependencies.ts';
import { authenticate, authorise } from './http/authenticate.ts';
import { BASE_PATHS } from './http/base-path.ts';
import { type BodyFormat, bodyOf, type RequestBody } from './http/body.ts';
import { setClientAddress } from './http/client-address.ts';
import { clientLeft } from './http/client-left.ts';
import { InvalidCredentialError, MethodNotAllowedError } from './http/http-error.ts';
import { problems } from './http/problems.ts';
import { withReceivedBody } from './http/received-body.ts';
import { requestLog } from './http/request-log.ts';
import { verifySignedQuery } from './http/signed-link.ts';
import { cutUnreadBodies } from './http/unread-body.ts';
import type { Answer, Body, Caller, RequestContext, Route } from './route.ts';
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

const MAX_IDEMPOTENCY_KEY_LENGTH = 255;

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
  const caller = route.access === 'none' ? anonymous : await admitted(ctx, deps, em, route, route.access);
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

interface Request {
  em: RequestContext['em'];
  caller: Caller;
  body: RequestBody;
}

function requestContext(ctx: Context, deps: Dependencies, { em, caller, body }: Request): RequestContext {
  const header = (name: string) => ctx.get(name) || undefined;
  return {
    deps,
    em,
    caller,
    origin: { ip: ctx.ip, userAgent: header('user-agent'), url: `${ctx.protocol}://${ctx.host}` },
    header,
    accepts: (...types) => {
      const accepted = ctx.accepts(...types);
      return types.find((type) => type === accepted);
    },
    audit: (inner, action, target, details) =>
      recordAudit(dbOf(inner), {
        orgId: caller.credential.orgId,
        actor: caller.credential.userId ?? caller.credential.name,
        actorRole: caller.credential.role,
        action,
        target,
        details,
        ipAddress: caller.privacy.store_ip ? ctx.ip : null,
      }),
    once: async (work) => {
      const key = header('idempotency-key');
      if (key === undefined) return inTransaction(em, (_, inner) => work(inner));
      if (key.length > MAX_IDEMPOTENCY_KEY_LENGTH) {
        const message = `must not exceed ${MAX_IDEMPOTENCY_KEY_LENGTH} characters`;
        throw validationError([{ field: 'Idempotency-Key', message }]);
      }
      const fingerprint = [ctx.method, relativePath(ctx), body.bytes];
      return answerOnce(em, { orgId: caller.credential.orgId, key, fingerprint }, work);
    },
  };
}

/** Authenticates and authorises the caller and counts the request against its rate limits. */
async function admitted(
  ctx: Context,
  deps: Dependencies,
  em: RequestContext['em'],
  route: Route,
  access: Exclude<Route['access'], 'none'>,
): Promise<Caller> {
  const isLink = access.signed && ctx.query.signature !== undefined;
  const set = (headers: Record<string, string>) => ctx.set(headers);
  const credential = isLink ? String(ctx.query.signature) : ctx.get('authorization');
  const check = async () => (isLink ? callerByLink(ctx, deps, access) : authenticate(ctx, dbOf(em), deps.jwt));
  // A request without a credential is no guess at one and costs no statement.
  const caller = credential
    ? await deps.limits.guardCredential({ address: ctx.ip, credential }, check, set)
    : await check();
  await deps.limits.takeRequest(caller.credential, isQuery(route, access), set);
  authorise(caller, access);
  return caller;
}

/** True for lists, questions and new reports; false for one object by its id, settings and telemetry. */
function isQuery({ method, path }: Route, { scope }: Exclude<Route['access'], 'none'>): boolean {
  if (scope === 'settings' || path.includes(':')) return false;
  return method === 'GET' || path === '/query' || path === '/reports';
}

/** @throws InvalidCredentialError for a link with an invalid signature, or an expired one */
function callerByLink(ctx: Context, deps: Dependencies, { least, scope }: Exclude<Route['access'], 'none'>): Caller {
  const orgId = verifySignedQuery(deps.config.SECRET, relativePath(ctx), ctx.query, new Date());
  if (orgId === null) throw new InvalidCredentialError('This link is invalid or has expired.');
  const credential = { keyId: `link:${orgId}`, orgId, role: least, userId: null, scopes: [scope], name: 'signed link' };
  return { ...anonymous, credential, isLink: true };
}

/** The path below the base path. */
function relativePath(ctx: Context): string {
  const path = BASE_PATHS.reduce((rest, base) => (rest.startsWith(base) ? rest.slice(base.length) : rest), ctx.path);
  return path.replace(/\/$/, '');
}

/** CORS for the configured origins only. */
function allowedOrigin(origins: readonly string[]) {
  return (ctx: Context) => {
    const origin = ctx.get('origin');
    return origins.includes(origin) ? origin : '';
  };
}

function send(ctx: Context, answer: Answer): void {
  ctx.status = answer.status;
  if (answer.stream) ctx.body = answer.stream;
  else if (answer.body) {
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

/** The caller of routes that require no credential. */
const anonymous: Caller = {
  credential: { keyId: '', orgId: '', role: 'ingest', userId: null, scopes: [], name: 'anonymous' },
  timeZone: 'UTC',
  privacy: { store_query: false, store_response: false, max_text_length: 0, anonymise_user_ids: true, store_ip: false },
};
