import {
  type Client,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
  type WorkflowStartOptions,
} from '@temporalio/client';
import { type ClosedId, type RunInput, type RunName, runDefinition } from '../contracts/runs.ts';
import { kindAttribute, organisationAttribute, type StartedRun, type TaskQueues } from '../temporal.ts';

const reusePolicies: Readonly<Record<ClosedId, WorkflowIdReusePolicy>> = {
  again: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
  never: WorkflowIdReusePolicy.REJECT_DUPLICATE,
};

/** What one start adds to the entry of its workflow. */
export type StartExtras = Pick<WorkflowStartOptions, 'staticDetails' | 'typedSearchAttributes'>;

/**
 * Starts a workflow, or joins the open run of the same id.
 * @throws WorkflowExecutionAlreadyStartedError where that id is closed and its entry refuses another run
 */
export async function startRun<Name extends RunName>(
  client: Client,
  queues: TaskQueues,
  name: Name,
  input: RunInput<Name>,
  { staticDetails, typedSearchAttributes = [] }: StartExtras = {},
): Promise<StartedRun> {
  const run = runDefinition(name);
  const orgId = run.orgId(input);
  const workflowId = run.id(input, queues.general);
  const handle = await client.workflow.start(name, {
    workflowId,
    taskQueue: queues[run.queue],
    args: [input],
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    workflowIdReusePolicy: reusePolicies[run.closedId],
    // The organisation's share of the queue: a hundred runs of one do not hold up another's one.
    priority: { priorityKey: run.priority, ...(orgId === null ? {} : { fairnessKey: orgId }) },
    staticSummary: run.summary(input).slice(0, 200),
    ...(staticDetails === undefined ? {} : { staticDetails }),
    typedSearchAttributes: [
      ...(orgId === null ? [] : [{ key: organisationAttribute, value: orgId }]),
      { key: kindAttribute, value: run.kind(input) },
      ...(Array.isArray(typedSearchAttributes) ? typedSearchAttributes : typedSearchAttributes.getAll()),
    ],
  });
  return { workflowId, runId: handle.firstExecutionRunId };
}
