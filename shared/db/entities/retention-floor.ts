import { defineEntity, p } from '@mikro-orm/postgresql';
import { time } from './columns.ts';

/**
 * The time before which facts of a kind are rejected and not recomputed. Owner: `retention`; a new organisation gets its
 * first floors in organisations.ts, in the transaction that creates it.
 */
export const RetentionFloor = defineEntity({
  name: 'RetentionFloor',
  tableName: 'retention_floors',
  properties: {
    orgId: p.text().primary(),
    kind: p.text().primary(),
    at: time(),
  },
});
