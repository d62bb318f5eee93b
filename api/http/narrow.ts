import { createPrivacy } from '../../shared/domain/privacy.ts';
import { TidemarkError } from '../../shared/errors.ts';
import type { RequestContext } from '../route.ts';

/** The user, as stored, whose data alone the caller may see; undefined for who may see all of the organisation. */
export function ownUserId(context: RequestContext): string | undefined {
  const { role, userId } = context.caller.credential;
  return role === 'member' ? asStored(context, userId ?? '') : undefined;
}

/**
 * The user that a list is narrowed to, as stored: pseudonyms stand where user ids are anonymised.
 * @throws TidemarkError `forbidden` where a member asks for another
 */
export function userIdAsStored(context: RequestContext, asked: string | undefined): string | undefined {
  const own = ownUserId(context);
  const wanted = asked === undefined ? undefined : asStored(context, asked);
  if (own !== undefined && wanted !== undefined && wanted !== own) {
    throw new TidemarkError('forbidden', 'A member sees its own data only; leave user_id out.');
  }
  return own ?? wanted;
}

/** A pseudonym that an answer gave out is taken as it is. */
function asStored({ caller, deps }: RequestContext, userId: string): string {
  if (caller.privacy.anonymise_user_ids && userId.startsWith('anon_')) return userId;
  return createPrivacy(caller.privacy, caller.credential.orgId, deps.config.SECRET).userId(userId) ?? userId;
}
