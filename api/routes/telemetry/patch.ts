import { dbOf } from '../../../shared/db/orm.ts';
import { createPrivacy } from '../../../shared/domain/privacy.ts';
import { TidemarkError, validationError } from '../../../shared/errors.ts';
import { renameAliases } from '../../../shared/facts/aliases.ts';
import { executions } from '../../../shared/facts/executions.ts';
import type { Row } from '../../../shared/facts/fields.ts';
import type { Fact } from '../../../shared/facts/index.ts';
import { readFact } from '../../../shared/telemetry/read-fact.ts';
import type { RequestContext } from '../../route.ts';
import { ingestOne } from './ingest.ts';
import { presentFact } from './present.ts';

/**
 * Changes an existing record: the given fields are overwritten, but a final status is kept.
 * @throws TidemarkError `not-found` for an unknown id, or a record of another user for a member
 */
export async function patchRecord(context: RequestContext, fact: Fact, id: string, changes: Row) {
  const fixed = Object.keys(changes).filter((field) => !fact.patchable.includes(field));
  if (fixed.length > 0) {
    throw validationError(fixed.map((field) => ({ field, message: 'unknown or immutable field' })));
  }
  const stored = await readFact(dbOf(context.em), fact, context.caller.credential.orgId, id);
  if (!stored || !(await isOwn(context, fact, stored))) {
    throw new TidemarkError('not-found', `No ${fact.noun} ${id}.`);
  }
  const fields = renameAliases(changes, fact.aliases);
  const record = { ...fields, ...(endsNow(fields, stored) && { ended_at: new Date().toISOString() }) };
  const present = (_: unknown, row: Row) => ({ status: 200 as const, body: presentFact(fact, row) });
  return ingestOne(context, fact, { ...record, [fact.idColumn]: id }, present, 'patch');
}

/** Members change their own records only; a tool usage belongs to the user of its execution. */
async function isOwn({ em, caller, deps }: RequestContext, fact: Fact, stored: Row): Promise<boolean> {
  const { role, userId, orgId } = caller.credential;
  if (role !== 'member') return true;
  const me = createPrivacy(caller.privacy, orgId, deps.config.SECRET).userId(userId ?? '');
  if ('user_id' in fact.columns) return stored.user_id === me;
  const execution = await readFact(dbOf(em), executions, orgId, String(stored.execution_id));
  return execution?.user_id === me;
}

/** The first final status without an end time ends the record now. */
function endsNow(fields: Row, stored: Row): boolean {
  const isFinal = fields.status !== undefined && fields.status !== 'in_progress';
  return isFinal && fields.ended_at === undefined && stored.ended_at === null;
}
