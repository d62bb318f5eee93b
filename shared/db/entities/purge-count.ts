import { defineEntity, p } from '@mikro-orm/postgresql';
import { count, exactTime, time } from './columns.ts';

/** What a run removed from one target, updated in the transaction of each delete. Owner: `retention`; erasures use it. */
export const PurgeCount = defineEntity({
  name: 'PurgeCount',
  tableName: 'purge_counts',
  properties: {
    orgId: p.text().primary(),
    run: p.text().primary(),
    name: p.text().primary(),
    rows: count(),
    partitionsDropped: p.integer().default(0),
    firstAt: time().nullable(),
    lastAt: time().nullable(),
    updatedAt: exactTime().defaultRaw('now()'),
  },
});
