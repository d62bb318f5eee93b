import type { WorkflowExecutionStatusName } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { RunStatus } from './schema.ts';

const { WorkflowExecutionStatus: Code } = proto.temporal.api.enums.v1;

/** The name of each status in Temporal's query language. */
export const STATUS_NAMES: Readonly<Record<RunStatus, string>> = {
  running: 'Running',
  paused: 'Paused',
  completed: 'Completed',
  failed: 'Failed',
  cancelled: 'Canceled',
  terminated: 'Terminated',
  continued: 'ContinuedAsNew',
  timed_out: 'TimedOut',
};

const BY_CODE: ReadonlyMap<number, RunStatus> = new Map<number, RunStatus>([
  [Code.WORKFLOW_EXECUTION_STATUS_COMPLETED, 'completed'],
  [Code.WORKFLOW_EXECUTION_STATUS_FAILED, 'failed'],
  [Code.WORKFLOW_EXECUTION_STATUS_CANCELED, 'cancelled'],
  [Code.WORKFLOW_EXECUTION_STATUS_TERMINATED, 'terminated'],
  [Code.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW, 'continued'],
  [Code.WORKFLOW_EXECUTION_STATUS_TIMED_OUT, 'timed_out'],
  [Code.WORKFLOW_EXECUTION_STATUS_PAUSED, 'paused'],
]);

/** `running` for codes outside the map. */
export function statusOfCode(code: number): RunStatus {
  return BY_CODE.get(code) ?? 'running';
}

export function statusOf({ code }: { code: number; name: WorkflowExecutionStatusName }): RunStatus {
  return statusOfCode(code);
}
