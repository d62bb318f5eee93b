import { createPrivacy } from '../../shared/domain/privacy.ts';
import { TidemarkError } from '../../shared/errors.ts';
import type { RequestContext } from '../route.ts';

/** For a member: its own user id as stored. Undefined for roles that see the whole organisation. */
export function ownUserId(context: RequestContext): string | undefined {
  const { role, userId } = context.caller.credential;
  if (role !== 'member') return undefined;
  // Hashed in any case: an id that looks like a pseudonym must not pass for another user's.
  return pseudonymOf(context, userId ?? '');
}

/**
 * The user that a list is filtered by, as stored: a pseudonym where user ids are anonymised.
 * @throws TidemarkError `forbidden` where a member asks for another user
 */
export function userIdAsStored(context: RequestContext, asked: string | undefined): string | undefined {
  const own = ownUserId(context);
  const userId = asked === undefined ? undefined : storedUserId(context, asked);
  if (own !== undefined && userId !== undefined && userId !== own) {
    throw new TidemarkError('forbidden', 'A member can read its own data only; omit user_id.');
  }
  return own ?? userId;
}

/** A user id as it is stored: a pseudonym where ids are anonymised. A pseudonym from an earlier answer is not hashed again. */
export function storedUserId(context: RequestContext, userId: string): string {
  const { caller } = context;
  if (caller.privacy.anonymise_user_ids && userId.startsWith('anon_')) return userId;
  return pseudonymOf(context, userId);
}

function pseudonymOf({ caller, deps }: RequestContext, userId: string): string {
  return createPrivacy(caller.privacy, caller.credential.orgId, deps.config.SECRET).userId(userId) ?? userId;
}
