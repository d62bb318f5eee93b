import { defineEntity, p } from '@mikro-orm/postgresql';
import { ERROR_STATUSES } from '../../domain/error-status.ts';
import { time } from './columns.ts';

/** The triage status of a group of equal errors. Owner: `insights`; ingestion reopens a resolved group that recurs. */
export const ErrorGroup = defineEntity({
  name: 'ErrorGroup',
  tableName: 'error_groups',
  properties: {
    orgId: p.text().primary(),
    fingerprint: p.text().primary(),
    status: p.enum(ERROR_STATUSES),
    statusChangedBy: p.text().nullable(),
    statusChangedAt: time(),
    resolvedBy: p.text().nullable(),
    resolvedAt: time().nullable(),
    resolutionNote: p.text().nullable(),
    reopenedAt: time().nullable(),
    reopenCount: p.integer().default(0),
  },
});
