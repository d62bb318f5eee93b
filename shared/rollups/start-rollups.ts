import { type Client, WorkflowIdConflictPolicy } from '@temporalio/client';
import { type BackfillInput, type RollupInput, rollupRunId, type VerifyInput } from '../contracts/rollups.ts';
import { WORKFLOWS } from '../contracts/workflow-names.ts';
import { kindAttribute, organisationAttribute, type StartedRun, type TaskQueues } from '../temporal.ts';

/** Below the work that a user waits for. */
const ROLLUP_PRIORITY = 5;

/** Starts a refresh of the organisation's dirty buckets, or joins the running one. */
export function startRollup(client: Client, queues: TaskQueues, orgId: string): Promise<StartedRun> {
  const input: RollupInput = { orgId };
  return start(client, queues, 'rollup', WORKFLOWS.rollup, orgId, 'by-hand', input);
}

/** Starts a backfill of local days, or joins the running one with the same days and the same `force`. */
export function startBackfill(
  client: Client,
  queues: TaskQueues,
  { orgId, startDate, endDate, force }: Pick<BackfillInput, 'orgId' | 'startDate' | 'endDate' | 'force'>,
): Promise<StartedRun> {
  const input: BackfillInput = { orgId, startDate, endDate, force, heavyTaskQueue: queues.heavy };
  const which = `${startDate}..${endDate}${force ? ',force' : ''}`;
  return start(client, queues, 'backfill', WORKFLOWS.backfill, orgId, which, input);
}

/** Starts a comparison of the organisation's rollups with its facts, or joins the running one. */
export function startVerify(client: Client, queues: TaskQueues, orgId: string): Promise<StartedRun> {
  const input: VerifyInput = { orgId, heavyTaskQueue: queues.heavy };
  return start(client, queues, 'verify', WORKFLOWS.verifyRollups, orgId, 'by-hand', input);
}

async function start(
  client: Client,
  queues: TaskQueues,
  kind: Parameters<typeof rollupRunId>[0],
  workflowType: string,
  orgId: string,
  which: string,
  input: RollupInput | BackfillInput | VerifyInput,
): Promise<StartedRun> {
  const workflowId = rollupRunId(kind, orgId, which);
  const handle = await client.workflow.start(workflowType, {
    workflowId,
    taskQueue: queues.general,
    args: [input],
    // The work is idempotent, so a closed id may run again.
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    priority: { priorityKey: ROLLUP_PRIORITY, fairnessKey: orgId },
    staticSummary: `${kind} of ${orgId}: ${which}`.slice(0, 200),
    typedSearchAttributes: [
      { key: organisationAttribute, value: orgId },
      { key: kindAttribute, value: kind },
    ],
  });
  return { workflowId, runId: handle.firstExecutionRunId };
}
