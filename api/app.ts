import cors from '@koa/cors';
import Router from '@koa/router';
import Koa, { type Context } from 'koa';
import helmet from 'koa-helmet';
import { dbOf } from '../shared/db/orm.ts';
import { TidemarkError, validationError } from '../shared/errors.ts';
import { recordAudit } from '../shared/organisations/audit.ts';
import { answerOnce } from '../shared/organisations/idempotency.ts';
import type { Dependencies } from './dependencies.ts';
import { authenticate, authorise } from './http/authenticate.ts';
import { BASE_PATHS } from './http/base-path.ts';
import { type RequestBody, readBody } from './http/body.ts';
import { InvalidCredentialError, MethodNotAllowedError } from './http/http-error.ts';
import { problems } from './http/problems.ts';
import { requestLog } from './http/request-log.ts';
import { verifySignedQuery } from './http/signed-link.ts';
import type { Answer, Caller, RequestContext, Route } from './route.ts';
import { docs } from './routes/docs/routes.ts';

/** What a browser's script may read beside the body. */
const EXPOSED_HEADERS = [
  'ETag',
  'Retry-After',
  'X-Request-Id',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
];

const MAX_IDEMPOTENCY_KEY_LENGTH = 255;

const METHOD_NOT_ALLOWED = 'This path does not support this method.';

/** The API over these routes, not listening yet. */
export function buildApp(deps: Dependencies, routes: readonly Route[]): Koa {
  const app = new Koa();
  app.use(requestLog(deps.log, deps.requests));
  // Answers are data: nothing in them may run, be framed or be guessed to be something else.
  app.use(
    helmet({
      contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    }),
  );
  app.use(cors({ origin: allowedOrigin(deps.config.CORS_ORIGINS), exposeHeaders: EXPOSED_HEADERS, maxAge: 600 }));
  app.use(problems(deps.log));
  app.use(async (ctx, next) => {
    await next();
    if (ctx.status === 404) throw new TidemarkError('not-found', `There is nothing at ${ctx.path}.`);
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
    app.use(
      router.allowedMethods({
        throw: true,
        methodNotAllowed: () => new MethodNotAllowedError(METHOD_NOT_ALLOWED),
        notImplemented: () => new MethodNotAllowedError(METHOD_NOT_ALLOWED),
      }),
    );
  }
  return app;
}

async function serve(
  ctx: Context,
  deps: Dependencies,
  route: Route,
  params: Readonly<Record<string, string>>,
): Promise<void> {
  // No id holds these, and PostgreSQL would refuse the question.
  if (Object.values(params).some((param) => param.includes('\u0000') || !param.isWellFormed())) {
    throw new TidemarkError('not-found', `There is nothing at ${ctx.path}.`);
  }
  const em = deps.orm.em.fork();
  const query: Record<string, unknown> = { ...ctx.query };
  const caller = route.access === 'none' ? anonymous : await admitted(ctx, deps, em, route.access);
  if (route.access !== 'none' && query.org_id !== undefined) {
    requireOwn(query.org_id, caller);
    delete query.org_id;
  }
  if (caller.isLink) for (const field of ['expires', 'signature']) delete query[field];
  const respond = async () => {
    const body = await ownBody(await readBody(ctx.req, route.body), caller);
    const once: RequestContext['once'] = (work) => runOnce(ctx, em, caller, body, work);
    const header = (name: string) => ctx.get(name) || undefined;
    const audit: RequestContext['audit'] = (inner, action, target, details) =>
      recordAudit(dbOf(inner), {
        orgId: caller.credential.orgId,
        actor: caller.credential.userId ?? caller.credential.name,
        actorRole: caller.credential.role,
        action,
        target,
        details,
        ipAddress: caller.privacy.store_ip ? ctx.ip : null,
      });
    const origin = { ip: ctx.ip, userAgent: header('user-agent'), url: `${ctx.protocol}://${ctx.host}` };
    return route.run({ deps, em, caller, params, body, origin, header, once, audit }, query);
  };
  // Telemetry comes in floods: what cannot be served soon is turned away before its body is read.
  const isIngest = route.access !== 'none' && route.access.scope === 'telemetry';
  send(ctx, isIngest ? await deps.ingestAdmission.admit(respond) : await respond());
}

/** Who asks, once it is known to be allowed to and not to ask too much. */
async function admitted(
  ctx: Context,
  deps: Dependencies,
  em: RequestContext['em'],
  access: Exclude<Route['access'], 'none'>,
): Promise<Caller> {
  const isLink = access.signed && ctx.query.signature !== undefined;
  const caller = isLink ? callerByLink(ctx, deps, access) : await authenticate(ctx, dbOf(em), deps.jwt);
  ctx.set(await deps.rateLimit.consume(caller.credential.keyId));
  authorise(caller, access);
  return caller;
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

/** Browsers of these origins may read answers; none unless configured. */
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
  // After the body: a stream as body clears the length that is known here.
  ctx.set(answer.headers ?? {});
}

/** `org_id` may be said, but only as what it is: the organisation comes from the credential. */
function requireOwn(orgId: unknown, caller: Caller): void {
  if (orgId === caller.credential.orgId) return;
  throw new TidemarkError('forbidden', 'org_id is not the organisation of this credential; leave it out.');
}

function ownBody(body: RequestBody, caller: Caller): RequestBody {
  return {
    ...body,
    object() {
      const { org_id: orgId, ...rest } = body.object();
      if (orgId !== undefined) requireOwn(orgId, caller);
      return rest;
    },
  };
}

async function runOnce(
  ctx: Context,
  em: RequestContext['em'],
  caller: Caller,
  body: RequestBody,
  work: (em: RequestContext['em']) => Promise<Answer>,
): Promise<Answer> {
  const key = ctx.get('idempotency-key');
  if (!key) return em.transactional(work);
  if (key.length > MAX_IDEMPOTENCY_KEY_LENGTH) {
    const message = `must not be longer than ${MAX_IDEMPOTENCY_KEY_LENGTH} characters`;
    throw validationError([{ field: 'Idempotency-Key', message }]);
  }
  const fingerprint = [ctx.method, relativePath(ctx), body.bytes];
  return answerOnce(em, { orgId: caller.credential.orgId, key, fingerprint }, work);
}

/** Of a route that needs no credential. */
const anonymous: Caller = {
  credential: { keyId: '', orgId: '', role: 'ingest', userId: null, scopes: [], name: 'anonymous' },
  timeZone: 'UTC',
  privacy: { store_query: false, store_response: false, max_text_length: 0, anonymise_user_ids: true, store_ip: false },
};
