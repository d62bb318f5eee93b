import { defineEntity, p } from '@mikro-orm/postgresql';
import type { ErasureReceipt } from '../../contracts/erasure.ts';
import { JOB_STATUSES } from '../../contracts/jobs.ts';
import { textArray, time } from './columns.ts';

/** An erasure of a user. Owner: `erasures`. */
export const Erasure = defineEntity({
  name: 'Erasure',
  tableName: 'erasures',
  properties: {
    orgId: p.text().primary(),
    id: p.uuid().primary(),
    userRef: p.text(),
    /** Null after the erasure. */
    userIds: textArray().nullable(),
    status: p.enum(JOB_STATUSES),
    runId: p.text().nullable(),
    requestedBy: p.text(),
    createdAt: time(),
    completedAt: time().nullable(),
    receipt: p.json<ErasureReceipt>().nullable(),
    errorMessage: p.text().nullable(),
  },
});
