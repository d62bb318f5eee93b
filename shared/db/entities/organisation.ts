import { defineEntity, type InferEntity, p } from '@mikro-orm/postgresql';
import type { RetentionDays } from '../../contracts/retention.ts';
import type { PrivacySettings } from '../../domain/privacy.ts';
import type { UsageCounters } from '../../domain/usage-counters.ts';

export const Organisation = defineEntity({
  name: 'Organisation',
  tableName: 'organisations',
  properties: {
    orgId: p.text().primary(),
    name: p.text(),
    timeZone: p.text(),
    privacy: p.json<PrivacySettings>(),
    retention: p.json<RetentionDays>(),
    legalHold: p.boolean(),
    storagePriceUsdPerGbMonth: p.decimal('number').nullable(),
    usageCounters: p.json<Partial<UsageCounters>>(),
    createdAt: p.datetime(3),
  },
});

export type Organisation = InferEntity<typeof Organisation>;
