import { type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import type { TypedSearchAttributes } from '@temporalio/common';
import { TidemarkError } from '../../../shared/errors.ts';
import { askTemporal } from '../../../shared/jobs/temporal-calls.ts';
import { organisationAttribute, taskQueues } from '../../../shared/temporal.ts';
import type { RequestContext } from '../../route.ts';

/** What determines the owner of a run. */
interface Owned {
  taskQueue: string;
  typedSearchAttributes: TypedSearchAttributes;
}

/** True for runs of the caller's organisation, and for operators also for runs that span organisations. */
function maySeeRun({ caller, deps }: RequestContext, { taskQueue, typedSearchAttributes }: Owned): boolean {
  // Other applications may share the namespace.
  if (taskQueue !== taskQueues(deps.config).general) return false;
  const orgId = typedSearchAttributes.get(organisationAttribute);
  return orgId === undefined ? caller.credential.role === 'operator' : orgId === caller.credential.orgId;
}

/**
 * The latest run of a workflow of the caller's organisation.
 * @throws TidemarkError `not-found`, also for runs of other organisations; `unavailable`
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
  throw new TidemarkError('not-found', `No workflow run ${workflowId}.`);
}
