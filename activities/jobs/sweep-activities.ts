import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import type { SweepResult } from '../../shared/contracts/jobs.ts';
import type { StartedBy } from '../../shared/contracts/runs.ts';
import type { Orm } from '../../shared/db/orm.ts';
import { erasureJob } from '../../shared/erasures/job.ts';
import { importJob } from '../../shared/imports/job.ts';
import type { JobKind, JobRow } from '../../shared/jobs/job-kind.ts';
import { removeObsoleteFiles, type SweepDeps, sweepRows } from '../../shared/jobs/sweep.ts';
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
  const kinds = [sweepsOf(reportJob), sweepsOf(erasureJob), sweepsOf(importJob)];

  /** One round over the jobs of all organisations. */
  async function sweepJobs(): Promise<SweepResult> {
    const result: SweepResult = { started: 0, closed: 0, filesRemoved: 0, failed: 0 };
    const deps = { ...stores, signal: Context.current().cancellationSignal };
    await beating(
      () => result,
      async () => {
        for (const { rows } of kinds) await rows(deps, result);
        for (const { files } of kinds) await files(deps, result);
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

interface Sweeps {
  rows(deps: SweepDeps, result: SweepResult): Promise<void>;
  files(deps: SweepDeps, result: SweepResult): Promise<void>;
}

function sweepsOf<Name extends StartedBy<'job'>, Row extends JobRow>(kind: JobKind<Name, Row>): Sweeps {
  return {
    rows: (deps, result) => sweepRows(deps, kind, result),
    files: (deps, result) => removeObsoleteFiles(deps, kind, result),
  };
}
