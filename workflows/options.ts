import { ActivityCancellationType, type ActivityOptions, type RetryPolicy, workflowInfo } from '@temporalio/workflow';
import { heavyTaskQueue } from '../shared/contracts/task-queues.ts';

/**
 * Database, storage and Temporal recover by themselves: retry for as long as the activity may take, soon at first and
 * every 10 seconds later, so that an outage of a minute costs little more than a minute.
 */
const untilItWorks: RetryPolicy = { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '10s' };

/** A row or two in the database. */
export const brief: ActivityOptions = {
  // Such a statement takes longer only where its connection or worker is lost; then another worker retries it.
  startToCloseTimeout: '15s',
  // An outage of a day is an operator's matter; the sweep starts again what was given up.
  scheduleToCloseTimeout: '24h',
  retry: untilItWorks,
};

/** Reads or writes any amount, and heartbeats. */
export const heavy: ActivityOptions = {
  // A part is at most a 500th of a report; no activity comes near this.
  startToCloseTimeout: '6h',
  scheduleToCloseTimeout: '24h',
  // A killed worker is noticed after this; heartbeats come every second.
  heartbeatTimeout: '10s',
  retry: untilItWorks,
  // Files are removed after a cancellation, so their writers must have stopped.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
};

/** `heavy`, on the installation's task queue for heavy work. */
export function onHeavyQueue(): ActivityOptions {
  return { ...heavy, taskQueue: heavyTaskQueue(workflowInfo().taskQueue) };
}
