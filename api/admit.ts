import type { Context } from 'koa';
import { dbOf, type Entities } from '../shared/db/orm.ts';
import type { Dependencies } from './dependencies.ts';
import { authenticate, authorise } from './http/authenticate.ts';
import { relativePath } from './http/base-path.ts';
import { InvalidCredentialError } from './http/http-error.ts';
import { verifySignedQuery } from './http/signed-link.ts';
import type { Caller, Route } from './route.ts';

/** The caller of routes that require no credential. */
export const anonymous: Caller = {
  credential: { keyId: '', orgId: '', role: 'ingest', userId: null, scopes: [], name: 'anonymous' },
  timeZone: 'UTC',
  privacy: { store_query: false, store_response: false, max_text_length: 0, anonymise_user_ids: true, store_ip: false },
};

/** Authenticates and authorises the caller and counts the request against its rate limits. */
export async function admit(
  ctx: Context,
  deps: Dependencies,
  em: Entities,
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
function isQuery({ method, path, asksAggregate }: Route, { scope }: Exclude<Route['access'], 'none'>): boolean {
  if (asksAggregate) return true;
  return method === 'GET' && scope !== 'settings' && !path.includes(':');
}

/** @throws InvalidCredentialError for a link with an invalid signature, or an expired one */
function callerByLink(ctx: Context, deps: Dependencies, { least, scope }: Exclude<Route['access'], 'none'>): Caller {
  const orgId = verifySignedQuery(deps.config.SECRET, relativePath(ctx), ctx.query, new Date());
  if (orgId === null) throw new InvalidCredentialError('This link is invalid or has expired.');
  const credential = { keyId: `link:${orgId}`, orgId, role: least, userId: null, scopes: [scope], name: 'signed link' };
  return { ...anonymous, credential, isLink: true };
}
