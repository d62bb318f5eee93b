import { type Client, WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/client';
import { type ReportInput, reportWorkflowId } from '../contracts/reports.ts';
import { WORKFLOWS } from '../contracts/workflow-names.ts';
import { kindAttribute, organisationAttribute, statusAttribute, type TaskQueues } from '../temporal.ts';

export interface ReportToStart {
  orgId: string;
  id: string;
  reportType: string;
  format: string;
  name: string;
}

/** A report that someone waits for comes before work that nobody does. */
const REPORT_PRIORITY = 3;

/**
 * Starts a report's workflow; starting it again, while it runs or after it closed, starts nothing.
 * @returns the run
 */
export async function startReport(
  client: Client,
  queues: TaskQueues,
  report: ReportToStart,
  parallelParts: number,
): Promise<{ runId: string }> {
  const input: ReportInput = {
    orgId: report.orgId,
    reportId: report.id,
    reportType: report.reportType,
    format: report.format,
    name: report.name,
    parallelParts,
    heavyTaskQueue: queues.heavy,
  };
  const handle = await client.workflow.start(WORKFLOWS.generateReport, {
    workflowId: reportWorkflowId(report.id),
    taskQueue: queues.general,
    args: [input],
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    // Without it the id of a closed report would run again.
    workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
    // The organisation's share of the queue: nobody's hundred reports hold up another's one.
    priority: { priorityKey: REPORT_PRIORITY, fairnessKey: report.orgId },
    staticSummary: `${report.reportType} as ${report.format}: ${report.name}`.slice(0, 200),
    staticDetails: `Report ${report.id} of organisation ${report.orgId}`,
    typedSearchAttributes: [
      { key: organisationAttribute, value: report.orgId },
      { key: kindAttribute, value: report.reportType },
      { key: statusAttribute, value: 'pending' },
    ],
  });
  return { runId: handle.firstExecutionRunId };
}
