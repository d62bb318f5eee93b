import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { type Credential, generateApiKey, hashApiKey } from '../auth.ts';
import { ApiKey } from '../db/entities/api-key.ts';
import { Organisation } from '../db/entities/organisation.ts';
import type { Db, Entities } from '../db/orm.ts';
import { DEFAULT_PRIVACY, type PrivacySettings } from '../domain/privacy.ts';
import { ROLES, type Role, SCOPES, type Scope } from '../domain/roles.ts';
import { TidemarkError, validationError } from '../errors.ts';

/** `last_used_at` is updated at most this often, to avoid a write per request. */
const LAST_USED_GRAIN = '1 minute';

export interface NewApiKey {
  orgId: string;
  role: Role;
  name: string;
  /** Required for a member: the user whose records the key may read and finish. */
  userId?: string | undefined;
  scopes?: readonly Scope[] | undefined;
  expiresAt?: Date | undefined;
}

/**
 * Creates a key. Only a hash is stored; the key itself is returned once.
 * @throws TidemarkError `validation` for a member without a user, `not-found` for an unknown organisation
 */
export async function createApiKey(em: Entities, wanted: NewApiKey): Promise<{ key: string; record: ApiKey }> {
  if (wanted.role === 'member' && !wanted.userId) {
    throw validationError([
      { field: 'user_id', message: 'is required for a member: the key may read only records of this user' },
    ]);
  }
  if (!(await em.findOne(Organisation, { orgId: wanted.orgId }))) {
    throw new TidemarkError('not-found', `Organisation ${wanted.orgId} does not exist.`);
  }
  const { key, prefix, hash } = generateApiKey();
  const record = em.create(ApiKey, {
    orgId: wanted.orgId,
    id: uuidv7(),
    name: wanted.name,
    role: wanted.role,
    userId: wanted.userId ?? null,
    scopes: [...(wanted.scopes ?? [])],
    prefix,
    hash,
    createdAt: new Date(),
    expiresAt: wanted.expiresAt ?? null,
    revokedAt: null,
    lastUsedAt: null,
  });
  await em.persist(record).flush();
  return { key, record };
}

/** Lists all keys of an organisation, including revoked ones, oldest first. */
export async function listApiKeys(em: Entities, orgId: string): Promise<ApiKey[]> {
  return em.find(ApiKey, { orgId }, { orderBy: { createdAt: 'asc' } });
}

/** Revokes a key. @param orgId limits it to keys of this organisation. @returns false if no active key has this id */
export async function revokeApiKey(em: Entities, id: string, orgId?: string): Promise<boolean> {
  const where = { id, revokedAt: null, ...(orgId === undefined ? {} : { orgId }) };
  return (await em.nativeUpdate(ApiKey, where, { revokedAt: new Date() })) > 0;
}

export interface AuthenticatedKey {
  credential: Credential;
  timeZone: string;
  privacy: PrivacySettings;
}

/** Returns the credential of an active key with its organisation's settings; null for any other key. */
export async function authenticateApiKey(db: Db, key: string): Promise<AuthenticatedKey | null> {
  const row = await db
    .selectFrom('api_keys as k')
    .innerJoin('organisations as o', 'o.org_id', 'k.org_id')
    .select(['k.id', 'k.org_id', 'k.role', 'k.user_id', 'k.scopes', 'k.name', 'o.time_zone', 'o.privacy'])
    .select(
      sql<boolean>`k.last_used_at IS NULL OR k.last_used_at < now() - ${LAST_USED_GRAIN}::interval`.as('is_stale'),
    )
    .where('k.hash', '=', hashApiKey(key))
    .where('k.revoked_at', 'is', null)
    .where(sql<boolean>`(k.expires_at IS NULL OR k.expires_at > now())`)
    .executeTakeFirst();
  if (!row) return null;
  if (row.is_stale) {
    // SKIP LOCKED: of many concurrent requests one writes and none waits.
    await sql`UPDATE api_keys SET last_used_at = now() WHERE (org_id, id) IN (
      SELECT org_id, id FROM api_keys WHERE org_id = ${row.org_id} AND id = ${row.id} FOR UPDATE SKIP LOCKED)`.execute(
      db,
    );
  }
  const scopes = SCOPES.filter((scope) => row.scopes.includes(scope));
  return {
    credential: { keyId: row.id, orgId: row.org_id, role: row.role, userId: row.user_id, scopes, name: row.name },
    timeZone: row.time_zone,
    privacy: { ...DEFAULT_PRIVACY, ...row.privacy },
  };
}

/** Parses a role from user input. @throws TidemarkError `validation` that lists the valid values */
export function parseRole(text: string): Role {
  const role = ROLES.find((known) => known === text);
  if (!role) throw validationError([{ field: 'role', message: `must be one of ${ROLES.join(', ')}` }]);
  return role;
}

export function parseScopes(text: string): Scope[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const scope = SCOPES.find((known) => known === part);
      if (!scope) throw validationError([{ field: 'scopes', message: `must be among ${SCOPES.join(', ')}` }]);
      return scope;
    });
}
