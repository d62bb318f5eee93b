import { defineEntity, type InferEntity, p } from '@mikro-orm/postgresql';
import type { RetentionDays } from '../../contracts/retention.ts';
import type { PrivacySettings } from '../../domain/privacy.ts';
import type { UsageCounters } from '../../domain/usage-counters.ts';
import { decimal, time } from './columns.ts';

/** An organisation with its settings. Owner: `organisations`; the settings route changes them through the ORM. */
export const Organisation = defineEntity({
  name: 'Organisation',
  tableName: 'organisations',
  properties: {
    orgId: p.text().primary(),
    name: p.text(),
    timeZone: p.text().default('UTC'),
    privacy: p.json<PrivacySettings>(),
    retention: p.json<RetentionDays>().defaultRaw(`'{}'`),
    legalHold: p.boolean().default(false),
    storagePriceUsdPerGbMonth: decimal().nullable(),
    usageCounters: p.json<Partial<UsageCounters>>().defaultRaw(`'{}'`),
    createdAt: time().defaultRaw('now()'),
  },
});

export type Organisation = InferEntity<typeof Organisation>;
