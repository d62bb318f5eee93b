import { z } from 'zod';
import type { ApiKey } from '../../../shared/db/entities/api-key.ts';
import { ROLES, roleAtLeast, SCOPES } from '../../../shared/domain/roles.ts';
import { TidemarkError, validationError } from '../../../shared/errors.ts';
import { createApiKey, listApiKeys, revokeApiKey } from '../../../shared/organisations/api-keys.ts';
import { id, label, time } from '../../../shared/wire.ts';
import { pageSchema } from '../../http/answers.ts';
import { requireUuid } from '../../http/uuid.ts';
import { type Access, defineRoute, parseFields, type Route } from '../../route.ts';
import { moment } from '../telemetry/stored-schema.ts';

const access: Access = { least: 'admin', scope: 'settings' };

const newKeySchema = z.strictObject({
  name: label(200),
  role: z.enum(ROLES),
  user_id: id().optional(),
  scopes: z.array(z.enum(SCOPES)).max(SCOPES.length).optional(),
  expires_at: time().optional(),
});

const keySchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    role: z.enum(ROLES),
    user_id: z.string().nullable().meta({ description: "Whose a member's key is." }),
    scopes: z.array(z.enum(SCOPES)).meta({ description: 'What it may do; empty: all that its role may.' }),
    prefix: z.string().meta({ description: 'The first characters of the key, to tell keys apart.' }),
    created_at: moment(),
    last_used_at: moment().nullable(),
    expires_at: moment().nullable(),
    revoked_at: moment().nullable(),
  })
  .meta({ id: 'ApiKey' });

const madeKeySchema = z.object({
  ...keySchema.shape,
  key: z
    .string()
    .optional()
    .meta({ description: 'The key itself. It is not kept: a repeated request does not get it again.' }),
});

function present(key: ApiKey) {
  return {
    id: key.id,
    name: key.name,
    role: key.role,
    user_id: key.userId ?? null,
    scopes: key.scopes,
    prefix: key.prefix,
    created_at: key.createdAt.toISOString(),
    last_used_at: key.lastUsedAt?.toISOString() ?? null,
    expires_at: key.expiresAt?.toISOString() ?? null,
    revoked_at: key.revokedAt?.toISOString() ?? null,
  };
}

const list = defineRoute({
  method: 'GET',
  path: '/api-keys',
  access,
  tag: 'Organisation',
  summary: 'List the API keys, without the keys themselves',
  answers: { 200: { description: 'All keys of the organisation.', schema: pageSchema(keySchema, {}) } },
  async handle({ em, caller }) {
    const keys = await listApiKeys(em, caller.credential.orgId);
    return { status: 200, body: { data: keys.map(present), next_cursor: null } };
  },
});

const create = defineRoute({
  method: 'POST',
  path: '/api-keys',
  access,
  tag: 'Organisation',
  summary: 'Make an API key; the key is in this answer only',
  body: 'json',
  bodySchema: newKeySchema,
  answers: { 201: { description: 'The key is in force.', schema: madeKeySchema } },
  example: { body: { name: 'Telemetry of the support agent', role: 'ingest', scopes: ['telemetry'] } },
  handle: (context) =>
    context.once(async (em) => {
      const wanted = parseFields(newKeySchema, context.body.object());
      const { credential } = context.caller;
      if (!roleAtLeast(credential.role, wanted.role)) {
        throw new TidemarkError(
          'forbidden',
          `A key of the role ${credential.role} cannot make one of the role ${wanted.role}.`,
        );
      }
      if (wanted.expires_at && wanted.expires_at <= new Date()) {
        throw validationError([{ field: 'expires_at', message: 'must lie ahead' }]);
      }
      const { key, record } = await createApiKey(em, {
        orgId: credential.orgId,
        name: wanted.name,
        role: wanted.role,
        userId: wanted.user_id,
        scopes: wanted.scopes,
        expiresAt: wanted.expires_at,
      });
      await context.audit(em, 'api_key.created', record.id, { name: wanted.name, role: wanted.role });
      return { status: 201, body: { ...present(record), key }, secrets: ['key'] };
    }),
});

const revoke = defineRoute({
  method: 'DELETE',
  path: '/api-keys/:id',
  access,
  tag: 'Organisation',
  summary: 'Revoke an API key, at once',
  answers: { 204: { description: 'It is in force no more.' } },
  example: { params: { id: '019a0000-0000-7000-8000-000000000001' } },
  async handle(context) {
    const keyId = context.params.id ?? '';
    await context.em.transactional(async (em) => {
      const revoked = await revokeApiKey(em, requireUuid(keyId, 'API key'), context.caller.credential.orgId);
      if (!revoked) throw new TidemarkError('not-found', `There is no API key ${keyId} in force.`);
      await context.audit(em, 'api_key.revoked', keyId, {});
    });
    return { status: 204 };
  },
});

export const apiKeyRoutes: readonly Route[] = [list, create, revoke];
