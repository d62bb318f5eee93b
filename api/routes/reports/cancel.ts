import { WorkflowNotFoundError } from '@temporalio/client';
import { reportWorkflowId } from '../../../shared/contracts/reports.ts';
import { Report } from '../../../shared/db/entities/report.ts';
import { TidemarkError } from '../../../shared/errors.ts';
import type { RequestContext } from '../../route.ts';
import { temporalAway, withTemporalDeadline } from '../../temporal-calls.ts';

/**
 * Asks a report's workflow to stop; one that is closed already stays as it is.
 * @throws TidemarkError `unavailable` where Temporal is out of reach
 */
export async function cancelReport({ deps, em }: RequestContext, report: Report): Promise<void> {
  if (report.status !== 'pending' && report.status !== 'running') return;
  try {
    await withTemporalDeadline(deps.temporal, () =>
      deps.temporal.workflow.getHandle(reportWorkflowId(report.id)).cancel(),
    );
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) {
      // Not started yet, or its workflow closed a moment ago and the row says so by now.
      const notStarted = { orgId: report.orgId, id: report.id, status: 'pending' } as const;
      await em.nativeUpdate(Report, notStarted, { status: 'cancelled', phase: 'done', completedAt: new Date() });
      return;
    }
    if (!temporalAway(error)) throw error;
    throw new TidemarkError('unavailable', 'Temporal is out of reach; cancel again soon.', {
      retryAfterSeconds: 5,
      cause: error,
    });
  }
}
