import { defineEntity, p } from '@mikro-orm/postgresql';
import { time } from './columns.ts';

/** Attributes of a user, the newest record's. Owner: `telemetry`; an erasure deletes the row. */
export const User = defineEntity({
  name: 'User',
  tableName: 'users',
  properties: {
    orgId: p.text().primary(),
    userId: p.text().primary(),
    email: p.text().nullable(),
    name: p.text().nullable(),
    createdAt: time().nullable(),
    properties: p.json<object>().nullable(),
    /** The time of the source record. */
    asOf: time(),
  },
});
