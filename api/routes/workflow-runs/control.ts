import { WorkflowNotFoundError } from '@temporalio/client';
import { TidemarkError } from '../../../shared/errors.ts';
import { askTemporal } from '../../../shared/jobs/temporal-calls.ts';
import type { RequestContext } from '../../route.ts';
import { findRun } from './find.ts';
import { PAUSABLE_TYPES } from './starts.ts';
import { statusOf } from './status.ts';

export const CONTROLS = ['cancel', 'pause', 'resume'] as const;
export type Control = (typeof CONTROLS)[number];

/**
 * Cancels, pauses or resumes an open run.
 * @throws TidemarkError `not-found`; `conflict` for a closed run or an unsupported control; `unavailable`
 */
export async function controlRun(context: RequestContext, workflowId: string, control: Control) {
  const run = await findRun(context, workflowId);
  const status = statusOf(run.status);
  if (status !== 'running' && status !== 'paused') throw new TidemarkError('conflict', `The run is ${status}.`);
  if (control !== 'cancel' && !PAUSABLE_TYPES.has(run.type)) {
    throw new TidemarkError('conflict', `A ${run.type} run does not support ${control}.`);
  }
  // By run id: a later run of the same workflow id is not affected.
  const handle = context.deps.temporal.workflow.getHandle(workflowId, run.runId);
  try {
    await askTemporal(context.deps.temporal, async () => {
      await (control === 'cancel' ? handle.cancel() : handle.signal(control));
    });
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    throw new TidemarkError('conflict', 'The run has just closed.', { cause: error });
  }
  return run;
}
