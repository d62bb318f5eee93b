import { ActivityCancellationType, type ActivityOptions, type RetryPolicy } from '@temporalio/workflow';

/**
 * Database, storage and Temporal come back by themselves: try for as long as the activity may take, soon at first and
 * every 10 seconds later, so that an outage of a minute costs little more than a minute.
 */
const untilItWorks: RetryPolicy = { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '10s' };

/** A row or two in the database. */
export const brief: ActivityOptions = {
  // No such statement takes so long unless its connection or its worker is lost; then another worker takes it up.
  startToCloseTimeout: '15s',
  // A day of outage is an operator's matter; the sweep picks up what was given up.
  scheduleToCloseTimeout: '24h',
  retry: untilItWorks,
};

/** Reads or writes as much as there is, and says with each heartbeat that it lives. */
export const heavy: ActivityOptions = {
  // A part is a 500th of a report at most; hours are far more than any takes.
  startToCloseTimeout: '6h',
  scheduleToCloseTimeout: '24h',
  // A killed worker is noticed after this; heartbeats come every second.
  heartbeatTimeout: '10s',
  retry: untilItWorks,
  // Files are removed after a cancellation, so what writes them must have stopped.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
};
