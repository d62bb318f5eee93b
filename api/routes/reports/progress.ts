import type { ReportProgress } from '../../../shared/contracts/reports.ts';
import type { Report } from '../../../shared/db/entities/report.ts';
import { jobProgress } from '../../../shared/jobs/job-progress.ts';
import { createReportJob } from '../../../shared/reports/job.ts';
import { taskQueues } from '../../../shared/temporal.ts';
import type { RequestContext } from '../../route.ts';
import { rowProgress } from './present.ts';

/** The progress of a report: from its workflow while it runs, otherwise from its row. */
export function reportProgress({ deps }: RequestContext, report: Report): Promise<ReportProgress> {
  const temporal = { client: deps.temporal, queues: taskQueues(deps.config), log: deps.log };
  const job = createReportJob({ parallelParts: deps.config.REPORT_PARALLEL_PARTS });
  return jobProgress(temporal, job, report, rowProgress(report));
}
