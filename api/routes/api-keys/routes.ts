import { inTransaction } from '../../../shared/db/transaction.ts';
import { roleAtLeast } from '../../../shared/domain/roles.ts';
import { TidemarkError, validationError } from '../../../shared/errors.ts';
import { createApiKey, listApiKeys, revokeApiKey } from '../../../shared/organisations/api-keys.ts';
import { wholeListSchema } from '../../http/pages.ts';
import { requireUuid } from '../../http/uuid.ts';
import { type Access, defineRoute, type Route } from '../../route.ts';
import { presentKey } from './present.ts';
import { createdKeySchema, keySchema, newKeySchema } from './schema.ts';

const access: Access = { least: 'admin', scope: 'settings' };

const list = defineRoute({
  method: 'GET',
  path: '/api-keys',
  access,
  tag: 'Organisation',
  summary: 'List API keys, without their secrets',
  answers: { 200: { description: 'All keys of the organisation.', schema: wholeListSchema(keySchema) } },
  async handle({ em, caller }) {
    const keys = await listApiKeys(em, caller.credential.orgId);
    return { status: 200, body: { data: keys.map(presentKey), next_cursor: null } };
  },
});

const create = defineRoute({
  method: 'POST',
  path: '/api-keys',
  access,
  tag: 'Organisation',
  summary: 'Create an API key; only this answer contains the key',
  body: newKeySchema,
  answers: { 201: { description: 'The key is valid now.', schema: createdKeySchema } },
  example: { body: { name: 'Telemetry of the support agent', role: 'ingest', scopes: ['telemetry'] } },
  handle: (context, { body: requested }) =>
    context.once(async (em) => {
      const { credential } = context.caller;
      if (!roleAtLeast(credential.role, requested.role)) {
        throw new TidemarkError(
          'forbidden',
          `The role ${credential.role} cannot create a key of the role ${requested.role}.`,
        );
      }
      if (requested.expires_at && requested.expires_at <= new Date()) {
        throw validationError([{ field: 'expires_at', message: 'must be in the future' }]);
      }
      const { key, record } = await createApiKey(em, {
        orgId: credential.orgId,
        name: requested.name,
        role: requested.role,
        userId: requested.user_id,
        scopes: requested.scopes,
        expiresAt: requested.expires_at,
      });
      await context.audit(em, 'api_key.created', record.id, { name: requested.name, role: requested.role });
      return { status: 201, body: { ...presentKey(record), key }, secrets: ['key'] };
    }),
});

const revoke = defineRoute({
  method: 'DELETE',
  path: '/api-keys/:id',
  access,
  tag: 'Organisation',
  summary: 'Revoke an API key',
  answers: { 204: { description: 'The key is revoked.' } },
  example: { params: { id: '019a0000-0000-7000-8000-000000000001' } },
  async handle(context, { params: { id: keyId } }) {
    await inTransaction(context.em, async (_, em) => {
      const revoked = await revokeApiKey(em, requireUuid(keyId, 'API key'), context.caller.credential.orgId);
      if (!revoked) throw new TidemarkError('not-found', `No valid API key ${keyId}.`);
      await context.audit(em, 'api_key.revoked', keyId, {});
    });
    return { status: 204 };
  },
});

export const apiKeyRoutes: readonly Route[] = [list, create, revoke];
