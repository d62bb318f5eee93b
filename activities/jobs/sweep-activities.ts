import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import type { SweepResult } from '../../shared/contracts/jobs.ts';
import type { Orm } from '../../shared/db/orm.ts';
import { erasureJob } from '../../shared/erasures/job.ts';
import { importJob } from '../../shared/imports/job.ts';
import { type SweepDeps, sweepKind } from '../../shared/jobs/sweep.ts';
import type { Log } from '../../shared/log.ts';
import { createReportJob } from '../../shared/reports/job.ts';
import type { Storage } from '../../shared/storage/storage.ts';
import type { TaskQueues } from '../../shared/temporal.ts';
import { beating } from '../heartbeat.ts';

export interface SweepDependencies {
  orm: Orm;
  client: Client;
  storage: Storage;
  log: Log;
  queues: TaskQueues;
  parallelParts: number;
}

/** The activity of the job sweep. */
export function createSweepActivities({ parallelParts, ...stores }: SweepDependencies) {
  const reportJob = createReportJob({ parallelParts });
  /** Every kind of job; a new one is a line here. */
  const sweeps: readonly ((deps: SweepDeps, result: SweepResult) => Promise<void>)[] = [
    (deps, result) => sweepKind(deps, reportJob, result),
    (deps, result) => sweepKind(deps, erasureJob, result),
    (deps, result) => sweepKind(deps, importJob, result),
  ];

  /** One round over the jobs of all organisations. */
  async function sweepJobs(): Promise<SweepResult> {
    const result: SweepResult = { started: 0, closed: 0, filesRemoved: 0, failed: 0 };
    const deps = { ...stores, signal: Context.current().cancellationSignal };
    await beating(
      () => result,
      async () => {
        for (const sweep of sweeps) await sweep(deps, result);
      },
    );
    return result;
  }

  return {
    sweepJobs,
    /** @deprecated The name under which runs of the version before call it. */
    sweepReports: sweepJobs,
  };
}
