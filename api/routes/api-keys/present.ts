import type { z } from 'zod';
import type { ApiKey } from '../../../shared/db/entities/api-key.ts';
import { keySchema } from './schema.ts';

export function presentKey(key: ApiKey): z.input<typeof keySchema> {
  return {
    id: key.id,
    name: key.name,
    role: key.role,
    user_id: key.userId ?? null,
    scopes: keySchema.shape.scopes.parse(key.scopes),
    prefix: key.prefix,
    created_at: key.createdAt.toISOString(),
    last_used_at: key.lastUsedAt?.toISOString() ?? null,
    expires_at: key.expiresAt?.toISOString() ?? null,
    revoked_at: key.revokedAt?.toISOString() ?? null,
  };
}
