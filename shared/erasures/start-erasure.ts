import { type Client, WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/client';
import { type ErasureInput, type ErasureRef, eraseWorkflowId } from '../contracts/erasure.ts';
import { WORKFLOWS } from '../contracts/workflow-names.ts';
import { kindAttribute, organisationAttribute, type TaskQueues } from '../temporal.ts';

/** Somebody's right, with a term of days: before imports and purges, after reports. */
const ERASURE_PRIORITY = 4;

/**
 * Starts the workflow of an erasure, joins the one that runs, or has one that was terminated go on: its row says where
 * it is, and one that is over stays over.
 */
export async function startErasure(client: Client, queues: TaskQueues, ref: ErasureRef): Promise<{ runId: string }> {
  const input: ErasureInput = { ...ref, heavyTaskQueue: queues.heavy };
  const handle = await client.workflow.start(WORKFLOWS.eraseUser, {
    workflowId: eraseWorkflowId(ref),
    taskQueue: queues.general,
    args: [input],
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    priority: { priorityKey: ERASURE_PRIORITY, fairnessKey: ref.orgId },
    // No user's id: histories are kept for weeks.
    staticSummary: `erasure ${ref.erasureId}`,
    typedSearchAttributes: [
      { key: organisationAttribute, value: ref.orgId },
      { key: kindAttribute, value: 'erasure' },
    ],
  });
  return { runId: handle.firstExecutionRunId };
}
