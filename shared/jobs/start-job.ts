import type { Client } from '@temporalio/client';
import type { StartedBy } from '../contracts/runs.ts';
import type { Entities } from '../db/orm.ts';
import { TidemarkError } from '../errors.ts';
import type { StartedRun, TaskQueues } from '../temporal.ts';
import type { JobKind, JobRow } from './job-kind.ts';
import { startRun } from './start-run.ts';
import { isTemporalUnavailable, withTemporalDeadline } from './temporal-calls.ts';

export interface JobStarter {
  client: Client;
  queues: TaskQueues;
  em: Entities;
}

/**
 * Starts the workflow of a job whose row is committed, or joins its open run, and stores the run in the row.
 * @throws WorkflowExecutionAlreadyStartedError where its workflow is closed and may not run again
 */
export async function startJob<Name extends StartedBy<'job'>, Row extends JobRow>(
  { client, queues, em }: JobStarter,
  kind: JobKind<Name, Row>,
  row: Row,
): Promise<StartedRun> {
  const started = await withTemporalDeadline(client, () =>
    startRun(client, queues, kind.run, kind.input(row), kind.extras?.(row)),
  );
  await kind.noteRun?.(em, row, started.runId);
  return started;
}

/**
 * As `startJob`. Where Temporal is out of reach the row is withdrawn: the client is refused, so no sweep may start the
 * job later. Should the start have arrived after all, its first step finds no row and ends.
 * @param withdraw deletes the row unless its run has begun; returns whether it did
 * @throws TidemarkError `unavailable`
 */
export async function startOrWithdraw<Name extends StartedBy<'job'>, Row extends JobRow>(
  starter: JobStarter,
  kind: JobKind<Name, Row>,
  row: Row,
  withdraw: () => Promise<boolean>,
): Promise<void> {
  try {
    await startJob(starter, kind, row);
  } catch (error) {
    if (!isTemporalUnavailable(error)) throw error;
    // The start arrived and its answer did not: the job is running.
    if (!(await withdraw())) return;
    throw new TidemarkError('unavailable', `Temporal is unavailable, so no ${kind.noun} was started; try again.`, {
      cause: error,
    });
  }
}
