import { type Client, WorkflowIdConflictPolicy } from '@temporalio/client';
import { type RetentionDays, type RetentionInput, retentionWorkflowId } from '../contracts/retention.ts';
import { WORKFLOWS } from '../contracts/workflow-names.ts';
import { kindAttribute, organisationAttribute, type StartedRun, type TaskQueues } from '../temporal.ts';

/** After whatever somebody waits for. */
const RETENTION_PRIORITY = 5;

export interface RetentionToStart {
  orgId: string;
  dryRun: boolean;
  /** In place of the organisation's policy. */
  days: RetentionDays | null;
  actor: string;
  actorRole: string;
}

/** Starts retention of one organisation by hand; while one with the same days is under way, that one is joined. */
export async function startRetention(
  client: Client,
  queues: TaskQueues,
  { orgId, dryRun, days, ...by }: RetentionToStart,
): Promise<StartedRun> {
  const scheduledAt = new Date().toISOString();
  const heavyTaskQueue = queues.heavy;
  const input: RetentionInput = { orgId, dryRun, days, scheduledAt, dropsPartitions: true, heavyTaskQueue, ...by };
  const workflowId = retentionWorkflowId(orgId, [dryRun ? 'dry-run' : 'by-hand', ...named(days)].join(','));
  const handle = await client.workflow.start(WORKFLOWS.retentionCleanup, {
    workflowId,
    taskQueue: queues.general,
    args: [input],
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    priority: { priorityKey: RETENTION_PRIORITY, fairnessKey: orgId },
    staticSummary: `retention of ${orgId}${dryRun ? ', a dry run' : ''}`.slice(0, 200),
    typedSearchAttributes: [
      { key: organisationAttribute, value: orgId },
      { key: kindAttribute, value: 'retention' },
    ],
  });
  return { workflowId, runId: handle.firstExecutionRunId };
}

function named(days: RetentionDays | null): string[] {
  return Object.entries(days ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, count]) => `${kind}=${count}`);
}
