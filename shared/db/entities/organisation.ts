import { defineEntity, type InferEntity, p } from '@mikro-orm/postgresql';
import type { PrivacySettings } from '../../domain/privacy.ts';

export const Organisation = defineEntity({
  name: 'Organisation',
  tableName: 'organisations',
  properties: {
    orgId: p.text().primary(),
    name: p.text(),
    timeZone: p.text(),
    privacy: p.json<PrivacySettings>(),
    createdAt: p.datetime(3),
  },
});

export type Organisation = InferEntity<typeof Organisation>;
