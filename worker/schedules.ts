import { type Client, ScheduleAlreadyRunning, type ScheduleOptions, ScheduleOverlapPolicy } from '@temporalio/client';
import { WORKFLOWS } from '../shared/contracts/workflow-names.ts';
import type { TaskQueues } from '../shared/temporal.ts';

/** Every recurring work of an installation, few and fixed whatever the number of organisations. */
function declaredSchedules(queues: TaskQueues): ScheduleOptions[] {
  const action = (workflowType: string, workflowId: string): ScheduleOptions['action'] => ({
    type: 'startWorkflow',
    workflowType,
    workflowId,
    taskQueue: queues.general,
    args: [],
  });
  // A round that is late does all that earlier rounds left, so rounds that were missed are not made up for.
  const policies = { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1m' } as const;
  return [
    {
      scheduleId: `${queues.general}/sweep-reports`,
      spec: { intervals: [{ every: '1m' }] },
      action: action(WORKFLOWS.sweepReports, `${queues.general}/sweep-reports`),
      policies,
    },
    {
      scheduleId: `${queues.general}/housekeeping`,
      spec: { intervals: [{ every: '6h' }], jitter: '10m' },
      action: action(WORKFLOWS.housekeeping, `${queues.general}/housekeeping`),
      policies,
    },
  ];
}

/** Brings the schedules to what is declared here; an operator's pause survives. */
export async function reconcileSchedules(client: Client, queues: TaskQueues): Promise<void> {
  for (const schedule of declaredSchedules(queues)) {
    try {
      await client.schedule.create(schedule);
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
      await client.schedule
        .getHandle(schedule.scheduleId)
        .update((previous) => ({ ...schedule, state: previous.state }));
    }
  }
}
