import { type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import type { TypedSearchAttributes } from '@temporalio/common';
import { TidemarkError } from '../../../shared/errors.ts';
import { askTemporal } from '../../../shared/jobs/temporal-calls.ts';
import { organisationAttribute, taskQueues } from '../../../shared/temporal.ts';
import type { RequestContext } from '../../route.ts';

/** What says whose a run is. */
interface Owned {
  taskQueue: string;
  typedSearchAttributes: TypedSearchAttributes;
}

/** True for runs of the caller's organisation; for operators also for those that span organisations. */
function maySeeRun({ caller, deps }: RequestContext, { taskQueue, typedSearchAttributes }: Owned): boolean {
  // A namespace may hold other things than this installation.
  if (taskQueue !== taskQueues(deps.config).general) return false;
  const orgId = typedSearchAttributes.get(organisationAttribute);
  return orgId === undefined ? caller.credential.role === 'operator' : orgId === caller.credential.orgId;
}

/**
 * The latest run of a workflow that the caller may see.
 * @throws TidemarkError `not-found`, also for what is another's; `unavailable`
 */
export async function findRun(context: RequestContext, workflowId: string): Promise<WorkflowExecutionDescription> {
  const found = await askTemporal(context.deps.temporal, async () => {
    try {
      return await context.deps.temporal.workflow.getHandle(workflowId).describe();
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return null;
      throw error;
    }
  });
  if (found && maySeeRun(context, found)) return found;
  throw new TidemarkError('not-found', `There is no workflow run ${workflowId}.`);
}
