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
 * Asks a run that is under way to stop, wait or go on.
 * @throws TidemarkError `not-found`, `conflict` for one that is over or does not take this, `unavailable`
 */
export async function controlRun(context: RequestContext, workflowId: string, control: Control) {
  const run = await findRun(context, workflowId);
  const status = statusOf(run.status);
  if (status !== 'running' && status !== 'paused') throw new TidemarkError('conflict', `The run is ${status}.`);
  if (control !== 'cancel' && !PAUSABLE_TYPES.has(run.type)) {
    throw new TidemarkError('conflict', `A ${run.type} takes no ${control}.`);
  }
  // The run that was looked at: should another begin under this id, it is not meant.
  const handle = context.deps.temporal.workflow.getHandle(workflowId, run.runId);
  try {
    await askTemporal(context.deps.temporal, async () => {
      await (control === 'cancel' ? handle.cancel() : handle.signal(control));
    });
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    throw new TidemarkError('conflict', 'The run ended a moment ago.', { cause: error });
  }
  return run;
}
