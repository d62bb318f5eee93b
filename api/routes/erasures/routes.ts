import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { type ErasureRef, eraseWorkflowId } from '../../../shared/contracts/erasure.ts';
import { JOB_STATUSES } from '../../../shared/contracts/jobs.ts';
import { dbOf } from '../../../shared/db/orm.ts';
import { createPrivacy } from '../../../shared/domain/privacy.ts';
import { type Erasure, openErasure, readErasure, withdrawErasure } from '../../../shared/erasures/erasures.ts';
import { erasureJob } from '../../../shared/erasures/job.ts';
import { TidemarkError } from '../../../shared/errors.ts';
import { startOrWithdraw } from '../../../shared/jobs/start-job.ts';
import { isOpen } from '../../../shared/jobs/states.ts';
import { askTemporal } from '../../../shared/jobs/temporal-calls.ts';
import { pgTime } from '../../../shared/pg-time.ts';
import { isHeld } from '../../../shared/retention/policy.ts';
import { taskQueues } from '../../../shared/temporal.ts';
import { BASE_PATH } from '../../http/base-path.ts';
import { requireUuid } from '../../http/uuid.ts';
import { type Access, defineRoute, type RequestContext, type Route } from '../../route.ts';
import { moment } from '../telemetry/stored-schema.ts';
import { runLinks } from '../workflow-runs/links.ts';

const access: Access = { least: 'admin', scope: 'settings' };

const erasureSchema = z
  .object({
    id: z.uuid(),
    workflow_id: z.string(),
    run_id: z.string().nullable(),
    status: z.enum(JOB_STATUSES),
    user_ref: z
      .string()
      .meta({ description: 'A pseudonym of the user: the same for the same id, and no way back to it.' }),
    requested_by: z.string(),
    created_at: moment(),
    completed_at: moment().nullable(),
    removed: z
      .record(z.string(), z.number().int())
      .nullable()
      .meta({ description: 'Of a closed erasure: how much was removed, by kind.' }),
    notes: z.array(z.string()).meta({ description: 'What could not be looked into.' }),
    error: z.string().nullable(),
    links: z.object({
      self: z.string(),
      workflow_run: z.string(),
      temporal_ui: z.string().optional().meta({ description: 'For operators.' }),
    }),
  })
  .meta({ id: 'Erasure', description: 'The receipt of an erasure.' });

const erase = defineRoute({
  method: 'POST',
  path: '/users/:id/erase',
  access,
  tag: 'Organisation',
  summary: 'Erase a user: all facts, all that was made of them, files that may hold them',
  description:
    'A workflow does it; ask for its receipt by its `id`. A second call while it runs joins it. Nothing is erased under legal hold. Records of the user that are sent later are new data.',
  answers: { 202: { description: 'It is under way.', schema: erasureSchema } },
  faults: ['conflict'],
  example: { params: { id: 'jane' } },
  async handle(context) {
    const { orgId, userId, name } = context.caller.credential;
    const user = userToErase(context, context.params.id ?? '');
    const opened = await context.em.transactional(async (em) => {
      const db = dbOf(em);
      if (await isHeld(db, orgId)) {
        throw new TidemarkError('conflict', 'The organisation is under legal hold: nothing is erased until that ends.');
      }
      const wanted = { orgId, erasureId: uuidv7(), ...user, requestedBy: userId ?? name };
      const { id, isNew } = await openErasure(db, wanted);
      if (isNew) await context.audit(em, 'user.erasure_requested', id, { user_ref: user.userRef });
      return id;
    });
    const ref = { orgId, erasureId: opened };
    await ensureStarted(context, ref);
    return { status: 202, body: present(context, ref, await findErasure(context, opened)) };
  },
});

const receipt = defineRoute({
  method: 'GET',
  path: '/erasures/:id',
  access,
  tag: 'Organisation',
  summary: 'Show the receipt of an erasure',
  answers: { 200: { description: 'The erasure as it stands.', schema: erasureSchema } },
  example: { params: { id: '019a0000-0000-7000-8000-000000000002' } },
  async handle(context) {
    const id = requireUuid(context.params.id ?? '', 'erasure');
    const ref = { orgId: context.caller.credential.orgId, erasureId: id };
    return { status: 200, body: present(context, ref, await findErasure(context, id)) };
  },
});

/** The id as it may stand in rows: in clear and as a pseudonym, for the settings may have changed in between. */
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
  if (!found) throw new TidemarkError('not-found', `There is no erasure ${erasureId}.`);
  return found;
}

function present(context: RequestContext, ref: ErasureRef, erasure: Erasure) {
  const workflowId = eraseWorkflowId(ref);
  const { self, ...links } = runLinks(context, workflowId);
  return {
    id: erasure.id,
    workflow_id: workflowId,
    run_id: erasure.runId,
    status: erasure.status,
    user_ref: erasure.userRef,
    requested_by: erasure.requestedBy,
    created_at: pgTime(erasure.createdAt).toISOString(),
    completed_at: erasure.completedAt === null ? null : pgTime(erasure.completedAt).toISOString(),
    removed: erasure.receipt?.removed ?? null,
    notes: erasure.receipt?.notes ?? [],
    error: erasure.errorMessage,
    links: { self: `${BASE_PATH}/erasures/${erasure.id}`, workflow_run: self, ...links },
  };
}

export const erasureRoutes: readonly Route[] = [erase, receipt];
