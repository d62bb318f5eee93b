import { REPORT_PROGRESS_QUERY, type ReportProgress, reportWorkflowId } from '../../../shared/contracts/reports.ts';
import type { Report } from '../../../shared/db/entities/report.ts';
import type { RequestContext } from '../../route.ts';
import { rowProgress } from './present.ts';

/** Progress is asked for often; where no worker answers in this time, the row is as good. */
const QUERY_DEADLINE_MS = 300;

/** How far a report has come: as its workflow says while it runs, as its row says otherwise. */
export async function reportProgress({ deps }: RequestContext, report: Report): Promise<ReportProgress> {
  const known = rowProgress(report);
  if (report.status !== 'running') return known;
  try {
    const handle = deps.temporal.workflow.getHandle(reportWorkflowId(report.id));
    return await deps.temporal.connection.withDeadline(Date.now() + QUERY_DEADLINE_MS, () =>
      handle.query<ReportProgress>(REPORT_PROGRESS_QUERY),
    );
  } catch (error) {
    deps.log.debug({ err: error, reportId: report.id }, 'no worker answered; progress comes from the row');
    return known;
  }
}
