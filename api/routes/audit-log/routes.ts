import { resolveRange } from '../../../shared/calendar/resolve-range.ts';
import { dbOf } from '../../../shared/db/orm.ts';
import { listAudit } from '../../../shared/organisations/audit.ts';
import { pgTime } from '../../../shared/pg-time.ts';
import { pageOf, pageSchema } from '../../http/pages.ts';
import { presentRange } from '../../http/time.ts';
import { defineRoute, type Route } from '../../route.ts';
import { auditEntrySchema, auditQuery } from './schema.ts';

const list = defineRoute({
  method: 'GET',
  path: '/audit-log',
  access: { least: 'admin', scope: 'settings' },
  tag: 'Organisation',
  summary: 'List audit log entries, the latest first',
  answers: { 200: { description: 'A page of the log.', schema: pageSchema(auditEntrySchema) } },
  query: auditQuery,
  async handle(context, { query }) {
    const db = dbOf(context.em);
    const range = await resolveRange(db, query, context.caller.timeZone, new Date());
    const rows = await listAudit(db, {
      orgId: context.caller.credential.orgId,
      range,
      action: query.action,
      // The actor of a user's credential is the user id.
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
