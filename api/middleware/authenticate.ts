import type { Context } from 'koa';
import type { Db } from '../../shared/db/orm.ts';
import { authenticateApiKey } from '../../shared/db/queries/api-keys.ts';
import { roleAtLeast } from '../../shared/domain/roles.ts';
import { TidemarkError } from '../../shared/errors.ts';
import type { Access, Caller } from '../route.ts';

/**
 * The one who asks, from its bearer credential.
 * @throws TidemarkError `unauthenticated` without a key in force, `forbidden` where the key may not do this
 */
export async function authenticate(ctx: Context, db: Db, access: Exclude<Access, 'none'>): Promise<Caller> {
  const [scheme, key] = ctx.get('authorization').split(' ');
  if (scheme?.toLowerCase() !== 'bearer' || !key) {
    ctx.set('WWW-Authenticate', 'Bearer');
    throw new TidemarkError('unauthenticated', 'Send an API key: Authorization: Bearer tm_…');
  }
  const found = await authenticateApiKey(db, key);
  if (!found) {
    ctx.set('WWW-Authenticate', 'Bearer error="invalid_token"');
    throw new TidemarkError('unauthenticated', 'This API key is not known, has expired or was revoked.');
  }
  const { credential } = found;
  const least = access.self ? 'member' : access.least;
  if (!roleAtLeast(credential.role, least)) {
    throw new TidemarkError('forbidden', `This call needs the role ${least}; this key has ${credential.role}.`);
  }
  if (credential.scopes.length > 0 && !credential.scopes.includes(access.scope)) {
    throw new TidemarkError('forbidden', `This call needs the scope ${access.scope}, which this key does not have.`);
  }
  return found;
}
