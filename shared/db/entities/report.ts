import { defineEntity, type InferEntity, p } from '@mikro-orm/postgresql';
import { JOB_STATUSES, type JobStatus } from '../../contracts/jobs.ts';
import { REPORT_PHASES, type ReportPhase } from '../../contracts/reports.ts';
import type { ReportParameters } from '../../domain/report-parameters.ts';

/** A report that was asked for: what it is, how far it has come, where its file is. */
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
    rangeStart: p.datetime(3),
    rangeEnd: p.datetime(3),
    timeZone: p.text(),
    status: p.enum(JOB_STATUSES).$type<JobStatus>(),
    phase: p.enum(REPORT_PHASES).$type<ReportPhase>(),
    rowsTotal: p.bigint('number').nullable(),
    rowsWritten: p.bigint('number'),
    partsTotal: p.integer().nullable(),
    partsDone: p.integer(),
    runId: p.text().nullable(),
    requestedBy: p.text(),
    createdAt: p.datetime(3),
    startedAt: p.datetime(3).nullable(),
    completedAt: p.datetime(3).nullable(),
    expiresAt: p.datetime(3).nullable(),
    fileName: p.text().nullable(),
    fileSizeBytes: p.bigint('number').nullable(),
    fileSha256: p.text().nullable(),
    fileRowCount: p.bigint('number').nullable(),
    fileContentType: p.text().nullable(),
    errorCode: p.text().nullable(),
    errorMessage: p.text().nullable(),
    deletedAt: p.datetime(3).nullable(),
    filesRemovedAt: p.datetime(3).nullable(),
  },
});

export type Report = InferEntity<typeof Report>;
