import type { z } from 'zod';
import { type ErasureRef, eraseWorkflowId } from '../../../shared/contracts/erasure.ts';
import type { Erasure } from '../../../shared/erasures/erasures.ts';
import { pgTime } from '../../../shared/pg-time.ts';
import { BASE_PATH } from '../../http/base-path.ts';
import { temporalUiLink, workflowRunLink } from '../../http/temporal-links.ts';
import type { RequestContext } from '../../route.ts';
import type { erasureSchema } from './schema.ts';

/** The receipt of an erasure. */
export function presentErasure(
  context: RequestContext,
  ref: ErasureRef,
  erasure: Erasure,
): z.input<typeof erasureSchema> {
  const workflowId = eraseWorkflowId(ref);
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
    links: {
      self: `${BASE_PATH}/erasures/${erasure.id}`,
      workflow_run: workflowRunLink(workflowId),
      ...temporalUiLink(context, workflowId),
    },
  };
}
