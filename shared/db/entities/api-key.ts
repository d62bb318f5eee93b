import { defineEntity, type InferEntity, p } from '@mikro-orm/postgresql';
import { ROLES } from '../../domain/roles.ts';

/** A credential. The key itself is shown once; only its SHA-256 is stored. */
export const ApiKey = defineEntity({
  name: 'ApiKey',
  tableName: 'api_keys',
  properties: {
    orgId: p.text().primary(),
    id: p.uuid().primary(),
    name: p.text(),
    role: p.enum(ROLES).$type<(typeof ROLES)[number]>(),
    userId: p.text().nullable(),
    scopes: p.array(),
    prefix: p.text(),
    hash: p.blob(),
    createdAt: p.datetime(3),
    expiresAt: p.datetime(3).nullable(),
    revokedAt: p.datetime(3).nullable(),
    lastUsedAt: p.datetime(3).nullable(),
  },
});

export type ApiKey = InferEntity<typeof ApiKey>;
