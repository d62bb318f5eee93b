import type { Db } from '../db/orm.ts';
import { usageCounters } from '../domain/usage-counters.ts';
import type { MetricSubject } from './ask.ts';

/** What the catalog must know of an organisation; null where there is no such organisation. */
export async function readMetricSubject(db: Db, orgId: string): Promise<(MetricSubject & { timeZone: string }) | null> {
  const row = await db
    .selectFrom('organisations')
    .select(['time_zone', 'usage_counters'])
    .where('org_id', '=', orgId)
    .executeTakeFirst();
  return row ? { orgId, counters: usageCounters(row.usage_counters), timeZone: row.time_zone } : null;
}
