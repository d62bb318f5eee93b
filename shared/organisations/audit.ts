import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { containsPattern } from '../db/contains-pattern.ts';
import type { Db } from '../db/orm.ts';
import type { Position } from '../domain/cursor.ts';
import type { TimeRange } from '../domain/time-range.ts';

/** The actions of the audit log. */
export const AUDIT_ACTIONS = [
  'api_key.created',
  'api_key.revoked',
  'settings.changed',
  'error.status_changed',
  'report.requested',
  'report.cancelled',
  'report.deleted',
  'report.downloaded',
  'retention.cleaned',
  'user.erasure_requested',
  'user.erased',
  'workflow_run.started',
  'workflow_run.cancelled',
  'workflow_run.paused',
  'workflow_run.resumed',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

export interface AuditEntry {
  /** Set for actions that a retry may record twice; the second insert is ignored. */
  id?: string;
  orgId: string;
  actor: string;
  actorRole: string;
  action: AuditAction;
  /** The id of the object acted on. */
  target: string | null;
  details: object;
  ipAddress: string | null;
}

/** Records an action with its actor, in the transaction of the action if there is one. */
export async function recordAudit(db: Db, entry: AuditEntry): Promise<void> {
  await db
    .insertInto('audit_log')
    .values({
      org_id: entry.orgId,
      id: entry.id ?? uuidv7(),
      at: new Date(),
      actor: entry.actor,
      actor_role: entry.actorRole,
      action: entry.action,
      target: entry.target,
      details: JSON.stringify(entry.details),
      ip_address: entry.ipAddress,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

export interface AuditQuery {
  orgId: string;
  range: TimeRange;
  action: AuditAction | undefined;
  actor: string | undefined;
  search: string | undefined;
  after: Position | undefined;
  limit: number;
}

/** Lists the audit log of an organisation, latest first. */
export async function listAudit(db: Db, query: AuditQuery) {
  let select = db
    .selectFrom('audit_log')
    .selectAll()
    .where('org_id', '=', query.orgId)
    .where('at', '>=', sql<string>`${query.range.startInclusive}`)
    .where('at', '<', sql<string>`${query.range.endExclusive}`);
  if (query.action !== undefined) select = select.where('action', '=', query.action);
  if (query.actor !== undefined) select = select.where('actor', '=', query.actor);
  if (query.search !== undefined) {
    const pattern = containsPattern(query.search);
    select = select.where(
      sql<boolean>`(actor ILIKE ${pattern} OR target ILIKE ${pattern} OR details::text ILIKE ${pattern})`,
    );
  }
  if (query.after)
    select = select.where(sql<boolean>`(at, id::text) < (${query.after.at}::timestamptz, ${query.after.id})`);
  return (
    select
      .orderBy('at', 'desc')
      .orderBy(sql`id::text`, 'desc')
      .limit(query.limit)
      // Only `recordAudit` writes this table.
      .$narrowType<{ action: AuditAction; details: Record<string, unknown> }>()
      .execute()
  );
}
