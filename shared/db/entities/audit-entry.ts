import { defineEntity, p } from '@mikro-orm/postgresql';
import { time } from './columns.ts';

/** An entry of the audit log. Owner: `organisations`, in audit.ts. */
export const AuditEntry = defineEntity({
  name: 'AuditEntry',
  tableName: 'audit_log',
  properties: {
    orgId: p.text().primary(),
    id: p.uuid().primary(),
    at: time(),
    actor: p.text(),
    actorRole: p.text(),
    action: p.text(),
    target: p.text().nullable(),
    details: p.json<object>(),
    ipAddress: p.text().nullable(),
  },
});
