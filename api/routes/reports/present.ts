import { progressPercent, type ReportProgress, reportWorkflowId } from '../../../shared/contracts/reports.ts';
import type { Report } from '../../../shared/db/entities/report.ts';
import { BASE_PATH } from '../../http/base-path.ts';
import { signedQuery } from '../../http/signed-link.ts';
import type { RequestContext } from '../../route.ts';

/** Long enough to be mailed and opened the same day. */
const LINK_MS = 24 * 60 * 60 * 1000;

/** How far a report has come, as its row tells. */
export function rowProgress(report: Report): ReportProgress {
  return {
    phase: report.phase,
    rowsWritten: report.rowsWritten,
    rowsTotal: report.rowsTotal ?? null,
    partsDone: report.partsDone,
    partsTotal: report.partsTotal ?? null,
  };
}

/** A report as an answer shows it. */
export function presentReport(context: RequestContext, report: Report, progress: ReportProgress = rowProgress(report)) {
  const isCompleted = report.status === 'completed';
  return {
    id: report.id,
    name: report.name,
    report_type: report.reportType,
    format: report.format,
    status: report.status,
    progress: isCompleted ? 100 : Math.min(99, progressPercent(progress)),
    progress_detail: {
      phase: progress.phase,
      rows_written: progress.rowsWritten,
      rows_total: progress.rowsTotal,
      parts_done: progress.partsDone,
      parts_total: progress.partsTotal,
    },
    parameters: report.parameters,
    range: {
      start: report.rangeStart.toISOString(),
      end: report.rangeEnd.toISOString(),
      time_zone: report.timeZone,
    },
    workflow_id: reportWorkflowId(report.id),
    run_id: report.runId ?? null,
    requested_by: report.requestedBy,
    created_at: report.createdAt.toISOString(),
    started_at: report.startedAt?.toISOString() ?? null,
    completed_at: report.completedAt?.toISOString() ?? null,
    expires_at: report.expiresAt?.toISOString() ?? null,
    file: isCompleted
      ? {
          name: report.fileName,
          size_bytes: report.fileSizeBytes,
          sha256: report.fileSha256,
          row_count: report.fileRowCount,
          content_type: report.fileContentType,
        }
      : null,
    error: report.errorCode ? { code: report.errorCode, message: report.errorMessage } : null,
    download_url: downloadUrl(context, report),
    links: reportLinks(context, report),
  };
}

/** A link that gives the file to whoever has it, for a day at most; null where there is no file. */
function downloadUrl({ deps, origin }: RequestContext, { orgId, id, status, expiresAt, filesRemovedAt }: Report) {
  const now = Date.now();
  if (status !== 'completed' || filesRemovedAt || !expiresAt || expiresAt.getTime() <= now) return null;
  const path = `/reports/${id}/download`;
  const linkExpiresAt = new Date(Math.min(now + LINK_MS, expiresAt.getTime()));
  const query = signedQuery(deps.config.SECRET, { path, orgId, expiresAt: linkExpiresAt });
  return `${(deps.config.PUBLIC_URL ?? origin.url).replace(/\/$/, '')}${BASE_PATH}${path}?${query}`;
}

/** Where the report, its file and, for operators, its workflow are found. */
function reportLinks({ caller, deps }: RequestContext, report: Report) {
  const self = `${BASE_PATH}/reports/${report.id}`;
  const ui = deps.config.TEMPORAL_UI_URL;
  const workflow = `/namespaces/${encodeURIComponent(deps.config.TEMPORAL_NAMESPACE)}/workflows/${encodeURIComponent(reportWorkflowId(report.id))}`;
  return {
    self,
    ...(report.status === 'completed' ? { download: `${self}/download` } : {}),
    ...(caller.credential.role === 'operator' && ui ? { temporal_ui: `${ui.replace(/\/$/, '')}${workflow}` } : {}),
  };
}
