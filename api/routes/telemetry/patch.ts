import { dbOf } from '../../../shared/db/orm.ts';
import { createPrivacy } from '../../../shared/domain/privacy.ts';
import { TidemarkError, validationError } from '../../../shared/errors.ts';
import { renameAliases } from '../../../shared/facts/aliases.ts';
import { executions } from '../../../shared/facts/executions.ts';
import type { Row } from '../../../shared/facts/fields.ts';
import type { Fact } from '../../../shared/facts/index.ts';
import { readFact } from '../../../shared/telemetry/read-fact.ts';
import type { Answer, RequestContext } from '../../route.ts';
import { ingestOne, presentStored } from './ingest.ts';

/**
 * Changes a record that is known: what is named is overwritten, but a final status stands.
 * @throws TidemarkError `not-found` for an unknown id, or one that a member does not own
 */
export async function patchRecord(context: RequestContext, fact: Fact, id: string): Promise<Answer> {
  const given = context.body.object();
  const fixed = Object.keys(given).filter((field) => !fact.patchable.includes(field));
  if (fixed.length > 0) {
    throw validationError(fixed.map((field) => ({ field, message: 'cannot be changed, or is an unknown field' })));
  }
  const stored = await readFact(dbOf(context.em), fact, context.caller.credential.orgId, id);
  if (!stored || !(await isOwn(context, fact, stored))) {
    throw new TidemarkError('not-found', `There is no ${fact.noun} ${id}.`);
  }
  const fields = renameAliases(given, fact.aliases);
  if (endsNow(fields, stored)) fields.ended_at = new Date().toISOString();
  return ingestOne(context, fact, { ...fields, [fact.idColumn]: id }, presentStored(fact), 'patch');
}

/** A member finishes what is its own; a tool usage belongs to whom its execution belongs. */
async function isOwn({ em, caller, deps }: RequestContext, fact: Fact, stored: Row): Promise<boolean> {
  const { role, userId, orgId } = caller.credential;
  if (role !== 'member') return true;
  const me = createPrivacy(caller.privacy, orgId, deps.config.SECRET).userId(userId ?? '');
  if ('user_id' in fact.columns) return stored.user_id === me;
  const execution = await readFact(dbOf(em), executions, orgId, String(stored.execution_id));
  return execution?.user_id === me;
}

/** A finish without a time is a finish now, the first time that it is sent. */
function endsNow(fields: Row, stored: Row): boolean {
  const isFinal = fields.status !== undefined && fields.status !== 'in_progress';
  return isFinal && fields.ended_at === undefined && stored.ended_at === null;
}
