import { defineEntity, p } from '@mikro-orm/postgresql';
import { exactTime } from './columns.ts';

/**
 * A dirty bucket. Owner: `rollups`, which consumes the marks; each subject that changes facts appends them in the same
 * statement (ingestion, erasures), and a retention floor deletes those before it. The table has no key, because appending
 * is cheaper than upserting; the ORM demands one, so all columns are declared as it.
 */
export const LedgerMark = defineEntity({
  name: 'LedgerMark',
  tableName: 'bucket_ledger',
  properties: {
    orgId: p.text().primary(),
    kind: p.text().primary(),
    bucket: p.datetime(0).primary(),
    markedAt: exactTime().primary(),
  },
});
