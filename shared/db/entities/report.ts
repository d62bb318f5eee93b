import { defineEntity, type InferEntity, p } from '@mikro-orm/postgresql';
import { JOB_STATUSES, type JobStatus } from '../../contracts/jobs.ts';
import { REPORT_PHASES, type ReportPhase } from '../../contracts/reports.ts';
import type { ReportParameters } from '../../domain/report-parameters.ts';
import type { UsageCounters } from '../../domain/usage-counters.ts';
import { count, exactTime, time } from './columns.ts';

/** The settings of the organisation that numbers depend on, as they were when the report was planned. */
export interface ReportSettings {
  usageCounters: Partial<UsageCounters>;
}

/**
 * A requested report: its parameters, progress and file. Owner: `reports`; retention marks old rows as deleted, an erasure
 * expires the reports that may name its user.
 */
export const Report = defineEntity({
  name: 'Report',
  tableName: 'reports',
  properties: {
    orgId: p.text().primary(),
    id: p.uuid().primary(),
    name: p.text(),
    reportType: p.text(),
    format: p.text(),
    parameters: p.json<ReportParameters>(),
    rangeStart: time(),
    rangeEnd: time(),
    timeZone: p.text(),
    status: p.enum(JOB_STATUSES).$type<JobStatus>(),
    phase: p.enum(REPORT_PHASES).$type<ReportPhase>(),
    /** Compared with the ingestion times of facts. */
    cutoff: exactTime().nullable(),
    rowsTotal: count().nullable(),
    rowsWritten: count().defaultRaw('0'),
    partsTotal: p.integer().nullable(),
    partsDone: p.integer().default(0),
    runId: p.text().nullable(),
    requestedBy: p.text(),
    createdAt: time(),
    startedAt: time().nullable(),
    completedAt: time().nullable(),
    expiresAt: time().nullable(),
    fileName: p.text().nullable(),
    fileSizeBytes: count().nullable(),
    fileSha256: p.text().nullable(),
    fileRowCount: count().nullable(),
    fileContentType: p.text().nullable(),
    errorCode: p.text().nullable(),
    errorMessage: p.text().nullable(),
    deletedAt: time().nullable(),
    filesRemovedAt: time().nullable(),
    settings: p.json<ReportSettings>().nullable(),
  },
});

export type Report = InferEntity<typeof Report>;
