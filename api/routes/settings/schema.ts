import { z } from 'zod';
import { privacySettingsSchema } from '../../../shared/domain/privacy.ts';
import { usageCountersSchema } from '../../../shared/domain/usage-counters.ts';
import { RETENTION_KINDS, retentionChangesSchema } from '../../../shared/retention/rules.ts';
import { label, usd } from '../../../shared/wire.ts';

export const settingsChangesSchema = z.strictObject({
  name: label(200).optional(),
  time_zone: label(64).optional(),
  privacy: privacySettingsSchema.partial().optional(),
  retention: retentionChangesSchema.optional(),
  legal_hold: z.boolean().optional(),
  storage_price_usd_per_gb_month: usd().nullable().optional(),
  usage_counters: usageCountersSchema.partial().optional(),
});

export const settingsSchema = z.object({
  org_id: z.string(),
  name: z.string(),
  time_zone: z.string().meta({ description: 'An IANA name; it defines local days.' }),
  privacy: z.object(privacySettingsSchema.shape).meta({ description: 'Which parts of records are stored.' }),
  retention: z
    .object(Object.fromEntries(RETENTION_KINDS.map((kind) => [kind, z.number().int().nullable()])))
    .meta({ description: 'Days that each kind is kept; null: forever. `executions` includes their tool usages.' }),
  legal_hold: z.boolean().meta({ description: 'While true, nothing is purged and no user is erased.' }),
  storage_price_usd_per_gb_month: z.number().nullable(),
  usage_counters: z
    .object(usageCountersSchema.shape)
    .meta({ description: 'The names of the events or AI features that each counter counts.' }),
});
