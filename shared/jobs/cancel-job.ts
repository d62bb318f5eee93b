import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { StartedBy } from '../contracts/runs.ts';
import type { TaskQueues } from '../temporal.ts';
import { workflowIdOf } from './job-handle.ts';
import type { JobKind, JobRow, JobStores } from './job-kind.ts';
import { isOpen } from './states.ts';
import { withTemporalDeadline } from './temporal-calls.ts';

/**
 * Requests the cancellation of a job's workflow, which closes the row. A closed job stays as it is.
 */
export async function cancelJob<Name extends StartedBy<'job'>, Row extends JobRow>(
  { client, queues, ...stores }: { client: Client; queues: TaskQueues } & JobStores,
  kind: JobKind<Name, Row>,
  row: Row,
): Promise<void> {
  if (!isOpen(row.status)) return;
  try {
    await withTemporalDeadline(client, () => client.workflow.getHandle(workflowIdOf(kind, row, queues)).cancel());
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    // Not started yet, or lost by Temporal; or its workflow closed a moment ago, and the row says so by now.
    await kind.close?.(stores, row, { status: 'cancelled' });
  }
}
