import { defineEntity, p } from '@mikro-orm/postgresql';
import { bytes, time } from './columns.ts';

/** The first answer of a repeatable request. Owner: `organisations`; an erasure deletes answers that name its user. */
export const IdempotencyKey = defineEntity({
  name: 'IdempotencyKey',
  tableName: 'idempotency_keys',
  properties: {
    orgId: p.text().primary(),
    key: p.text().primary(),
    requestSha256: bytes(),
    answer: p.json<{ status: number; body: object }>().nullable(),
    createdAt: time().defaultRaw('now()'),
  },
});
