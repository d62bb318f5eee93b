import type { z } from 'zod';
import { progressPercent, type ReportProgress, reportWorkflowId } from '../../../shared/contracts/reports.ts';
import type { Report } from '../../../shared/db/entities/report.ts';
import { BASE_PATH } from '../../http/base-path.ts';
import { signedQuery } from '../../http/signed-link.ts';
import { temporalUiLink } from '../../http/temporal-links.ts';
import type { RequestContext } from '../../route.ts';
import type { reportSchema } from './schema.ts';

/** Long enough for a link that is mailed. */
const LINK_MS = 24 * 60 * 60 * 1000;

/** The progress in a report's row. */
export function rowProgress(report: Report): ReportProgress {
  return {
    phase: report.phase,
    rowsWritten: report.rowsWritten,
    rowsTotal: report.rowsTotal ?? null,
    partsDone: report.partsDone,
    partsTotal: report.partsTotal ?? null,
  };
}

export function presentReport(
  context: RequestContext,
  report: Report,
  progress: ReportProgress = rowProgress(report),
): z.input<typeof reportSchema> {
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
    file: isCompleted ? fileOf(report) : null,
    error: report.errorCode ? { code: report.errorCode, message: report.errorMessage ?? '' } : null,
    download_url: downloadUrl(context, report),
    links: reportLinks(context, report),
  };
}

/** A signed link to the file, valid for a day at most; null where there is no file. */
function downloadUrl({ deps, origin }: RequestContext, { orgId, id, status, expiresAt, filesRemovedAt }: Report) {
  const now = Date.now();
  if (status !== 'completed' || filesRemovedAt || !expiresAt || expiresAt.getTime() <= now) return null;
  const path = `/reports/${id}/download`;
  const linkExpiresAt = new Date(Math.min(now + LINK_MS, expiresAt.getTime()));
  const query = signedQuery(deps.config.SECRET, { path, orgId, expiresAt: linkExpiresAt });
  return `${(deps.config.PUBLIC_URL ?? origin.url).replace(/\/$/, '')}${BASE_PATH}${path}?${query}`;
}

function reportLinks(context: RequestContext, report: Report) {
  const self = `${BASE_PATH}/reports/${report.id}`;
  return {
    self,
    ...(report.status === 'completed' ? { download: `${self}/download` } : {}),
    ...temporalUiLink(context, reportWorkflowId(report.id)),
  };
}

/** The columns of a completed report's file. */
function fileOf({ id, fileName, fileSizeBytes, fileSha256, fileRowCount, fileContentType }: Report) {
  if (!fileName || !fileSha256 || !fileContentType || fileSizeBytes == null || fileRowCount == null) {
    throw new Error(`Report ${id} is completed without a file`);
  }
  return {
    name: fileName,
    size_bytes: fileSizeBytes,
    sha256: fileSha256,
    row_count: fileRowCount,
    content_type: fileContentType,
  };
}
