import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { StartedBy } from '../contracts/runs.ts';
import type { TaskQueues } from '../temporal.ts';
import { workflowIdOf } from './job-handle.ts';
import type { JobKind, JobRow } from './job-kind.ts';
import { isOpen } from './states.ts';
import { withTemporalDeadline } from './temporal-calls.ts';

/**
 * Requests the cancellation of a job's workflow, which closes the row. A closed job stays as it is.
 * @param cancelPending closes a row that has no workflow yet
 */
export async function cancelJob<Name extends StartedBy<'job'>, Row extends JobRow>(
  { client, queues }: { client: Client; queues: TaskQueues },
  kind: JobKind<Name, Row>,
  row: Row,
  cancelPending: () => Promise<unknown>,
): Promise<void> {
  if (!isOpen(row.status)) return;
  try {
    await withTemporalDeadline(client, () => client.workflow.getHandle(workflowIdOf(kind, row, queues)).cancel());
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    // Not started yet; or its workflow closed a moment ago, and the row says so by now.
    await cancelPending();
  }
}
