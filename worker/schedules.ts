import {
  type Client,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  type ScheduleOptions,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import { type RunInput, runDefinition, type StartedBy } from '../shared/contracts/runs.ts';
import type { TaskQueues } from '../shared/temporal.ts';

/** A late round also does the work of missed rounds, so there is no catch-up. */
const everyRound: NonNullable<ScheduleOptions['policies']> = {
  overlap: ScheduleOverlapPolicy.SKIP,
  catchupWindow: '1m',
};
/** A round missed while Temporal was down catches up on the same day. */
const sameDay: NonNullable<ScheduleOptions['policies']> = {
  overlap: ScheduleOverlapPolicy.SKIP,
  catchupWindow: '12h',
};

/** All schedules of an installation: a fixed number, independent of the number of organisations. */
function declaredSchedules(queues: TaskQueues): ScheduleOptions[] {
  return [
    schedule('sweepJobs', {}, { intervals: [{ every: '1m' }] }),
    schedule('housekeeping', {}, { intervals: [{ every: '6h' }], jitter: '10m' }),
    // It removes UTC days, so any hour is correct; this one is quiet for most.
    schedule('retentionRound', {}, { calendars: [{ hour: 2, minute: 30 }], jitter: '10m' }, sameDay),
    schedule('rollup', { orgId: null }, { intervals: [{ every: '1m' }] }),
    // Some time zone passes midnight every quarter hour. The database determines which days ended, so one schedule covers
    // all zones, days of 23 and 25 hours, and missed rounds.
    schedule('dailyRollup', {}, { intervals: [{ every: '15m', offset: '1m' }] }),
    schedule(
      'verifyRollups',
      { orgId: null },
      { calendars: [{ dayOfWeek: 'SUNDAY', hour: 3, minute: 30 }], jitter: '30m' },
      sameDay,
    ),
  ];

  /** A schedule has the id of the runs that it starts; Temporal adds the time to theirs. */
  function schedule<Name extends StartedBy<'schedule'>>(
    name: Name,
    input: RunInput<Name>,
    spec: ScheduleOptions['spec'],
    policies = everyRound,
  ): ScheduleOptions {
    const run = runDefinition(name);
    const id = run.id(input, queues.general);
    return {
      scheduleId: id,
      spec,
      action: {
        type: 'startWorkflow',
        workflowType: name,
        workflowId: id,
        taskQueue: queues[run.queue],
        args: [input],
      },
      policies,
    };
  }
}

/**
 * Reconciles the schedules of this installation with the declared ones: creates, updates, and deletes those of earlier
 * versions. An operator's pause of a declared schedule survives.
 */
export async function reconcileSchedules(client: Client, queues: TaskQueues): Promise<void> {
  const declared = declaredSchedules(queues);
  for (const schedule of declared) {
    try {
      await client.schedule.create(schedule);
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
      await client.schedule
        .getHandle(schedule.scheduleId)
        .update((previous) => ({ ...schedule, state: previous.state }));
    }
  }
  const kept = new Set(declared.map(({ scheduleId }) => scheduleId));
  for await (const { scheduleId } of client.schedule.list()) {
    if (isOurs(scheduleId, queues) && !kept.has(scheduleId)) await remove(client, scheduleId);
  }
}

/** A namespace may hold the schedules of other installations, also of one whose queue begins like this one's. */
function isOurs(scheduleId: string, { general }: TaskQueues): boolean {
  return scheduleId.startsWith(`${general}/`) && /^[a-z-]+$/.test(scheduleId.slice(general.length + 1));
}

async function remove(client: Client, scheduleId: string): Promise<void> {
  try {
    await client.schedule.getHandle(scheduleId).delete();
  } catch (error) {
    // Another worker was first.
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}
