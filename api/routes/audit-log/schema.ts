import { z } from 'zod';
import { AUDIT_ACTIONS } from '../../../shared/organisations/audit.ts';
import { label } from '../../../shared/wire.ts';
import { listShape } from '../../http/list-query.ts';
import { moment } from '../../http/time.ts';

export const auditQuery = z.strictObject({
  ...listShape,
  action: z.enum(AUDIT_ACTIONS).optional(),
  actor: label().optional(),
});

export const auditEntrySchema = z
  .object({
    id: z.uuid(),
    at: moment(),
    actor: z.string().meta({ description: 'The user of the credential, or the credential’s name.' }),
    actor_role: z.string(),
    action: z.enum(AUDIT_ACTIONS),
    target: z.string().nullable().meta({ description: 'The id of the affected object.' }),
    details: z.record(z.string(), z.unknown()),
    ip_address: z.string().nullable(),
  })
  .meta({ id: 'AuditEntry' });
