import { z } from 'zod';
import { resolveRange } from '../../../shared/calendar/resolve-range.ts';
import { dbOf } from '../../../shared/db/orm.ts';
import { AUDIT_ACTIONS, listAudit } from '../../../shared/organisations/audit.ts';
import { pgTime } from '../../../shared/pg-time.ts';
import { label } from '../../../shared/wire.ts';
import { pageSchema } from '../../http/answers.ts';
import { listShape, pageOf, presentRange } from '../../http/list-query.ts';
import { defineRoute, type Route } from '../../route.ts';
import { moment } from '../telemetry/stored-schema.ts';

const entrySchema = z
  .object({
    id: z.uuid(),
    at: moment(),
    actor: z.string().meta({ description: 'The user of the credential, or its name.' }),
    actor_role: z.string(),
    action: z.enum(AUDIT_ACTIONS),
    target: z.string().nullable().meta({ description: 'The id of what it was done to.' }),
    details: z.record(z.string(), z.unknown()),
    ip_address: z.string().nullable(),
  })
  .meta({ id: 'AuditEntry' });

const list = defineRoute({
  method: 'GET',
  path: '/audit-log',
  access: { least: 'admin', scope: 'settings' },
  tag: 'Organisation',
  summary: 'Who did what, when and from where, the latest first',
  answers: { 200: { description: 'A page of the log.', schema: pageSchema(entrySchema) } },
  query: z.strictObject({ ...listShape, action: z.enum(AUDIT_ACTIONS).optional(), actor: label().optional() }),
  async handle(context, query) {
    const db = dbOf(context.em);
    const range = await resolveRange(db, query, context.caller.timeZone, new Date());
    const rows = await listAudit(db, {
      orgId: context.caller.credential.orgId,
      range,
      action: query.action,
      // The actor of a person's credential is its user.
      actor: query.actor ?? query.user_id,
      search: query.search,
      after: query.cursor,
      limit: query.limit + 1,
    });
    const page = pageOf(rows, query.limit, (row) => ({ at: pgTime(row.at), id: row.id }));
    const data = page.data.map((row) => ({
      id: row.id,
      at: pgTime(row.at).toISOString(),
      actor: row.actor,
      actor_role: row.actor_role,
      action: row.action,
      target: row.target,
      details: row.details,
      ip_address: row.ip_address,
    }));
    return { status: 200, body: { data, next_cursor: page.next_cursor, range: presentRange(range) } };
  },
});

export const auditRoutes: readonly Route[] = [list];
