import type { z } from 'zod';
import type { Organisation } from '../../../shared/db/entities/organisation.ts';
import { DEFAULT_PRIVACY } from '../../../shared/domain/privacy.ts';
import { usageCounters } from '../../../shared/domain/usage-counters.ts';
import { RETENTION_KINDS } from '../../../shared/retention/rules.ts';
import type { settingsSchema } from './schema.ts';

export function presentSettings(organisation: Organisation): z.input<typeof settingsSchema> {
  return {
    org_id: organisation.orgId,
    name: organisation.name,
    time_zone: organisation.timeZone,
    privacy: { ...DEFAULT_PRIVACY, ...organisation.privacy },
    retention: Object.fromEntries(RETENTION_KINDS.map((kind) => [kind, organisation.retention[kind] ?? null])),
    legal_hold: organisation.legalHold,
    storage_price_usd_per_gb_month: organisation.storagePriceUsdPerGbMonth ?? null,
    usage_counters: usageCounters(organisation.usageCounters),
  };
}
