import type { Context } from 'koa';
import type { Db } from '../../shared/db/orm.ts';
import { roleAtLeast } from '../../shared/domain/roles.ts';
import { TidemarkError } from '../../shared/errors.ts';
import { authenticateApiKey } from '../../shared/organisations/api-keys.ts';
import { readSettings } from '../../shared/organisations/organisations.ts';
import type { Access, Caller } from '../route.ts';
import { InvalidCredentialError, UnauthenticatedError } from './http-error.ts';
import type { JwtVerifier } from './jwt.ts';

/**
 * The caller by its bearer credential: an API key, or a token of the configured issuer.
 * @throws UnauthenticatedError without a credential, InvalidCredentialError for an unknown or expired one
 */
export async function authenticate(ctx: Context, db: Db, jwt: JwtVerifier | null): Promise<Caller> {
  const [scheme, credential] = ctx.get('authorization').split(' ');
  if (scheme?.toLowerCase() !== 'bearer' || !credential) {
    throw new UnauthenticatedError('This call requires a credential: Authorization: Bearer tm_…');
  }
  return credential.startsWith('tm_') || !jwt ? byApiKey(db, credential) : byToken(db, jwt, credential);
}

async function byApiKey(db: Db, key: string): Promise<Caller> {
  const found = await authenticateApiKey(db, key);
  if (!found) throw new InvalidCredentialError('The API key is unknown, expired or revoked.');
  return found;
}

async function byToken(db: Db, jwt: JwtVerifier, token: string): Promise<Caller> {
  const credential = await jwt.verify(token);
  const settings = await readSettings(db, credential.orgId);
  if (!settings) throw new InvalidCredentialError(`Unknown organisation ${credential.orgId}.`);
  return { credential, ...settings };
}

/** @throws TidemarkError `forbidden` where the credential's role or scopes are insufficient */
export function authorise({ credential }: Caller, access: Exclude<Access, 'none'>): void {
  const least = access.self ? 'member' : access.least;
  if (!roleAtLeast(credential.role, least)) {
    throw new TidemarkError(
      'forbidden',
      `This call requires the role ${least}; the credential has ${credential.role}.`,
    );
  }
  if (credential.scopes.length > 0 && !credential.scopes.includes(access.scope)) {
    throw new TidemarkError('forbidden', `This call requires the scope ${access.scope}; the key does not have it.`);
  }
}
