import { type Client, ScheduleAlreadyRunning, type ScheduleOptions, ScheduleOverlapPolicy } from '@temporalio/client';
import { WORKFLOWS } from '../shared/contracts/workflow-names.ts';
import type { TaskQueues } from '../shared/temporal.ts';

/** Every recurring work of an installation, few and fixed whatever the number of organisations. */
function declaredSchedules(queues: TaskQueues): ScheduleOptions[] {
  const action = (workflowType: string, workflowId: string, args: unknown[] = []): ScheduleOptions['action'] => ({
    type: 'startWorkflow',
    workflowType,
    workflowId,
    taskQueue: queues.general,
    args,
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
    {
      scheduleId: `${queues.general}/retention`,
      // In the night of most; the days that it removes are UTC days, so any hour does.
      spec: { calendars: [{ hour: 2, minute: 30 }], jitter: '10m' },
      action: action(WORKFLOWS.retentionRound, `${queues.general}/retention`, [{ heavyTaskQueue: queues.heavy }]),
      // One that was missed while Temporal was away is made up for the same day.
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '12h' },
    },
    {
      scheduleId: `${queues.general}/rollup`,
      spec: { intervals: [{ every: '1m' }] },
      action: action(WORKFLOWS.rollup, `${queues.general}/rollup`, [{ orgId: null }]),
      policies,
    },
    {
      // Every quarter hour some time zone has a midnight; which days ended, and of whom, the database says. So one
      // schedule does for all zones, with days of 23 and 25 hours, and what was missed is made up for.
      scheduleId: `${queues.general}/daily-rollup`,
      spec: { intervals: [{ every: '15m', offset: '1m' }] },
      action: action(WORKFLOWS.dailyRollup, `${queues.general}/daily-rollup`, [{ heavyTaskQueue: queues.heavy }]),
      policies,
    },
    {
      scheduleId: `${queues.general}/verify`,
      spec: { calendars: [{ dayOfWeek: 'SUNDAY', hour: 3, minute: 30 }], jitter: '30m' },
      action: action(WORKFLOWS.verifyRollups, `${queues.general}/verify`, [
        { orgId: null, heavyTaskQueue: queues.heavy },
      ]),
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '12h' },
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
