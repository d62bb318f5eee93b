import type { Context } from 'koa';
import type { Db } from '../../shared/db/orm.ts';
import { roleAtLeast } from '../../shared/domain/roles.ts';
import { TidemarkError } from '../../shared/errors.ts';
import { authenticateApiKey } from '../../shared/organisations/api-keys.ts';
import { readSettings } from '../../shared/organisations/organisations.ts';
import type { Access, Caller } from '../route.ts';
import type { JwtVerifier } from './jwt.ts';

/**
 * The one who asks, from its bearer credential: an API key, or a token of the configured issuer.
 * @throws TidemarkError `unauthenticated` without a credential in force
 */
export async function authenticate(ctx: Context, db: Db, jwt: JwtVerifier | null): Promise<Caller> {
  const [scheme, credential] = ctx.get('authorization').split(' ');
  if (scheme?.toLowerCase() !== 'bearer' || !credential) {
    ctx.set('WWW-Authenticate', 'Bearer');
    throw new TidemarkError('unauthenticated', 'Send a credential: Authorization: Bearer tm_…');
  }
  try {
    return credential.startsWith('tm_') || !jwt ? await byApiKey(db, credential) : await byToken(db, jwt, credential);
  } catch (error) {
    if (error instanceof TidemarkError && error.code === 'unauthenticated') {
      ctx.set('WWW-Authenticate', 'Bearer error="invalid_token"');
    }
    throw error;
  }
}

async function byApiKey(db: Db, key: string): Promise<Caller> {
  const found = await authenticateApiKey(db, key);
  if (!found) throw new TidemarkError('unauthenticated', 'This API key is not known, has expired or was revoked.');
  return found;
}

async function byToken(db: Db, jwt: JwtVerifier, token: string): Promise<Caller> {
  const credential = await jwt.verify(token);
  const settings = await readSettings(db, credential.orgId);
  if (!settings) throw new TidemarkError('unauthenticated', `There is no organisation ${credential.orgId} here.`);
  return { credential, ...settings };
}

/** @throws TidemarkError `forbidden` where the credential's role or scopes do not reach */
export function authorise({ credential }: Caller, access: Exclude<Access, 'none'>): void {
  const least = access.self ? 'member' : access.least;
  if (!roleAtLeast(credential.role, least)) {
    throw new TidemarkError('forbidden', `This call needs the role ${least}; this credential has ${credential.role}.`);
  }
  if (credential.scopes.length > 0 && !credential.scopes.includes(access.scope)) {
    throw new TidemarkError('forbidden', `This call needs the scope ${access.scope}, which this key does not have.`);
  }
}
