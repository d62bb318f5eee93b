import { v7 as uuidv7 } from 'uuid';
import type { ErasureRef } from '../../../shared/contracts/erasure.ts';
import { dbOf } from '../../../shared/db/orm.ts';
import { inTransaction } from '../../../shared/db/transaction.ts';
import { createPrivacy } from '../../../shared/domain/privacy.ts';
import { type Erasure, openErasure, readErasure, withdrawErasure } from '../../../shared/erasures/erasures.ts';
import { erasureJob } from '../../../shared/erasures/job.ts';
import { TidemarkError } from '../../../shared/errors.ts';
import { startOrWithdraw } from '../../../shared/jobs/start-job.ts';
import { isOpen } from '../../../shared/jobs/states.ts';
import { isHeld } from '../../../shared/retention/policy.ts';
import { taskQueues } from '../../../shared/temporal.ts';
import { requireUuid } from '../../http/uuid.ts';
import { type Access, defineRoute, type RequestContext, type Route } from '../../route.ts';
import { presentErasure } from './present.ts';
import { erasureSchema } from './schema.ts';

const access: Access = { least: 'admin', scope: 'settings' };

const erase = defineRoute({
  method: 'POST',
  path: '/users/:id/erase',
  access,
  tag: 'Organisation',
  summary: 'Erase a user: facts, derived data, and files that may contain them',
  description:
    'A workflow erases; `GET /erasures/{id}` is its receipt. A second call joins a running erasure. Under legal hold nothing is erased. Records of the user that arrive later are new data.',
  answers: { 202: { description: 'The erasure has started.', schema: erasureSchema } },
  faults: ['conflict'],
  example: { params: { id: 'jane' } },
  async handle(context, { params }) {
    const { orgId, userId, name } = context.caller.credential;
    const user = userToErase(context, params.id);
    const opened = await inTransaction(context.em, async (db, em) => {
      if (await isHeld(db, orgId)) {
        throw new TidemarkError('conflict', 'The organisation is under legal hold: nothing can be erased.');
      }
      const request = { orgId, erasureId: uuidv7(), ...user, requestedBy: userId ?? name };
      const { id, isNew } = await openErasure(db, request);
      if (isNew) await context.audit(em, 'user.erasure_requested', id, { user_ref: user.userRef });
      return id;
    });
    const ref = { orgId, erasureId: opened };
    await ensureStarted(context, ref);
    return { status: 202, body: presentErasure(context, ref, await findErasure(context, opened)) };
  },
});

const receipt = defineRoute({
  method: 'GET',
  path: '/erasures/:id',
  access,
  tag: 'Organisation',
  summary: 'Get the receipt of an erasure',
  answers: { 200: { description: 'The current state of the erasure.', schema: erasureSchema } },
  example: { params: { id: '019a0000-0000-7000-8000-000000000002' } },
  async handle(context, { params }) {
    const id = requireUuid(params.id, 'erasure');
    const ref = { orgId: context.caller.credential.orgId, erasureId: id };
    return { status: 200, body: presentErasure(context, ref, await findErasure(context, id)) };
  },
});

/** The id as rows may hold it: in clear and as a pseudonym, since the settings may have changed. */
function userToErase({ caller, deps }: RequestContext, id: string): { userIds: string[]; userRef: string } {
  const settings = { ...caller.privacy, anonymise_user_ids: true };
  const privacy = createPrivacy(settings, caller.credential.orgId, deps.config.SECRET);
  const isPseudonym = caller.privacy.anonymise_user_ids && id.startsWith('anon_');
  const userRef = isPseudonym ? id : (privacy.userId(id) ?? id);
  return { userIds: [...new Set([id, userRef])], userRef };
}

/** Row first, then the workflow: this call, the next one or the sweep starts an open erasure that has none. */
async function ensureStarted(context: RequestContext, ref: ErasureRef): Promise<void> {
  const { deps, em } = context;
  const { status } = await findErasure(context, ref.erasureId);
  if (!isOpen(status)) return;
  const starter = { client: deps.temporal, queues: taskQueues(deps.config), em };
  const job = { orgId: ref.orgId, id: ref.erasureId, status };
  await startOrWithdraw(starter, erasureJob, job, () => withdrawErasure(dbOf(em), ref));
}

async function findErasure({ em, caller }: RequestContext, erasureId: string): Promise<Erasure> {
  const found = await readErasure(dbOf(em), { orgId: caller.credential.orgId, erasureId });
  if (!found) throw new TidemarkError('not-found', `No erasure ${erasureId}.`);
  return found;
}

export const erasureRoutes: readonly Route[] = [erase, receipt];
