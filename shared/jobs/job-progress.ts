import type { Client } from '@temporalio/client';
import { PROGRESS_QUERY, type RunProgress, type StartedBy } from '../contracts/runs.ts';
import type { Log } from '../log.ts';
import type { TaskQueues } from '../temporal.ts';
import { workflowIdOf } from './job-handle.ts';
import type { JobKind, JobRow } from './job-kind.ts';

/** Progress is read often; where no worker answers in this time, the row is good enough. */
const QUERY_DEADLINE_MS = 300;

/**
 * The progress of a job: from its workflow while it runs, otherwise, or where no worker answers in time, from its row.
 * @param stored the progress that the row holds
 */
export async function jobProgress<Name extends StartedBy<'job'>, Row extends JobRow>(
  { client, queues, log }: { client: Client; queues: TaskQueues; log: Log },
  kind: JobKind<Name, Row>,
  row: Row,
  stored: RunProgress<Name>,
): Promise<RunProgress<Name>> {
  if (row.status !== 'running') return stored;
  try {
    const handle = client.workflow.getHandle(workflowIdOf(kind, row, queues));
    return await client.connection.withDeadline(Date.now() + QUERY_DEADLINE_MS, () =>
      handle.query<RunProgress<Name>>(PROGRESS_QUERY),
    );
  } catch (error) {
    log.debug(
      { err: error, orgId: row.orgId, id: row.id },
      `no worker answered; the ${kind.noun}'s row has its progress`,
    );
    return stored;
  }
}
