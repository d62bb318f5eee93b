import { defineEntity, type InferEntity, p } from '@mikro-orm/postgresql';
import { ROLES } from '../../domain/roles.ts';
import { bytes, textArray, time } from './columns.ts';

/** A credential. The key itself is shown once; only its SHA-256 is stored. Owner: `organisations`. */
export const ApiKey = defineEntity({
  name: 'ApiKey',
  tableName: 'api_keys',
  properties: {
    orgId: p.text().primary(),
    id: p.uuid().primary(),
    name: p.text(),
    role: p.enum(ROLES),
    userId: p.text().nullable(),
    scopes: textArray().defaultRaw(`'{}'`),
    prefix: p.text(),
    hash: bytes(),
    createdAt: time().defaultRaw('now()'),
    expiresAt: time().nullable(),
    revokedAt: time().nullable(),
    lastUsedAt: time().nullable(),
  },
});

export type ApiKey = InferEntity<typeof ApiKey>;
