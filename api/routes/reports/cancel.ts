import type { Report } from '../../../shared/db/entities/report.ts';
import { TidemarkError } from '../../../shared/errors.ts';
import { cancelJob } from '../../../shared/jobs/cancel-job.ts';
import { isTemporalUnavailable } from '../../../shared/jobs/temporal-calls.ts';
import { createReportJob } from '../../../shared/reports/job.ts';
import { taskQueues } from '../../../shared/temporal.ts';
import type { RequestContext } from '../../route.ts';

/**
 * Requests the cancellation of a report's workflow; a closed report stays as it is.
 * @throws TidemarkError `unavailable` where Temporal does not answer
 */
export async function cancelReport({ deps, em }: RequestContext, report: Report): Promise<void> {
  const temporal = { client: deps.temporal, queues: taskQueues(deps.config), em, storage: deps.storage };
  const job = createReportJob({ parallelParts: deps.config.REPORT_PARALLEL_PARTS });
  try {
    await cancelJob(temporal, job, report);
  } catch (error) {
    if (!isTemporalUnavailable(error)) throw error;
    throw new TidemarkError('unavailable', 'Temporal is unavailable; try again.', { cause: error });
  }
}
