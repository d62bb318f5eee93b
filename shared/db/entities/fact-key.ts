import { defineEntity, p } from '@mikro-orm/postgresql';
import { time } from './columns.ts';

/** The first time of each id: one id is one row of its fact. Owner: `telemetry`; retention and erasures delete keys with their facts. */
export const FactKey = defineEntity({
  name: 'FactKey',
  tableName: 'fact_keys',
  properties: {
    orgId: p.text().primary(),
    kind: p.text().primary(),
    id: p.text().primary(),
    at: time(),
  },
});
