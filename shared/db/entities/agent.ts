import { defineEntity, p } from '@mikro-orm/postgresql';
import { textArray, time } from './columns.ts';

/** Attributes of an agent, the newest record's. Owner: `telemetry`; an erasure clears `created_by`. */
export const Agent = defineEntity({
  name: 'Agent',
  tableName: 'agents',
  properties: {
    orgId: p.text().primary(),
    agentId: p.text().primary(),
    name: p.text().nullable(),
    agentType: p.text().nullable(),
    tags: textArray().nullable(),
    createdBy: p.text().nullable(),
    createdAt: time().nullable(),
    /** The time of the source record. */
    asOf: time(),
  },
});
