import { Readable } from 'node:stream';
import { Context } from '@temporalio/activity';
import type { JobOutcome } from '../../shared/contracts/jobs.ts';
import type { ReportFile, ReportPlan, ReportRef } from '../../shared/contracts/reports.ts';
import { Report } from '../../shared/db/entities/report.ts';
import { dbOf, type Orm } from '../../shared/db/orm.ts';
import { statusesBefore } from '../../shared/jobs/states.ts';
import type { Log } from '../../shared/log.ts';
import { closeReportRow } from '../../shared/reports/close-report-row.ts';
import { reportKind } from '../../shared/reports/kinds/index.ts';
import { sumParts } from '../../shared/reports/parts.ts';
import { keepPlan, planParts, reportScope } from '../../shared/reports/plan.ts';
import { reportFileKey, reportFolder, reportPartKey, type Storage } from '../../shared/storage/storage.ts';
import { permanent } from '../failures.ts';
import { beating } from '../heartbeat.ts';
import { reportFileName } from './file-name.ts';
import { reportFormat } from './formats/index.ts';
import { concatenated } from './parts.ts';
import { writePart } from './write-part.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

export interface ReportDependencies {
  orm: Orm;
  storage: Storage;
  log: Log;
  rowsPerPart: number;
  keptDays: number;
}

/** The activities of a report's workflow. Each can be repeated at any point. */
export function createReportActivities({ orm, storage, log, rowsPerPart, keptDays }: ReportDependencies) {
  async function openReport({ orgId, reportId }: ReportRef): Promise<Report> {
    const report = await orm.em.fork().findOne(Report, { orgId, id: reportId, deletedAt: null });
    if (!report) throw permanent('REPORT_GONE', `Report ${reportId} was deleted`);
    // The files of a closed report are removed: nobody may write new ones.
    if (report.status !== 'running') throw permanent('REPORT_CLOSED', `Report ${reportId} is ${report.status}`);
    return report;
  }

  return {
    /** Begins the report. @returns false where it was deleted or closed before */
    async beginReport({ orgId, reportId }: ReportRef): Promise<boolean> {
      const runId = Context.current().info.workflowExecution?.runId ?? null;
      const begun = await orm.em
        .fork()
        .nativeUpdate(
          Report,
          { orgId, id: reportId, deletedAt: null, status: statusesBefore('running') },
          { status: 'running', phase: 'planning', runId, startedAt: new Date() },
        );
      return begun > 0;
    },

    /** Fixes the cut-off and splits the rows into parts, once. */
    async planReport(ref: ReportRef): Promise<ReportPlan> {
      const report = await openReport(ref);
      const em = orm.em.fork();
      const scope = await reportScope(em, report);
      const signal = Context.current().cancellationSignal;
      const parts = await beating(
        () => ({ phase: 'planning' }),
        () => planParts(dbOf(em), reportKind(report.reportType), scope, rowsPerPart, { signal }),
      );
      return keepPlan(em, report, parts);
    },

    /** Writes one part to its own file. @returns its rows */
    async writeReportPart(input: ReportRef & { part: number }): Promise<number> {
      return writePart(orm, storage, await openReport(input), input.part);
    },

    /** Joins the parts into the report's file. */
    async assembleReport(ref: ReportRef): Promise<ReportFile> {
      const report = await openReport(ref);
      const em = orm.em.fork();
      await em.nativeUpdate(Report, { orgId: ref.orgId, id: ref.reportId, status: 'running' }, { phase: 'assembling' });
      const { rows, missing } = await sumParts(dbOf(em), ref);
      if (missing > 0) throw permanent('PARTS_MISSING', `${missing} parts of report ${ref.reportId} were not written`);
      const name = reportFileName(report);
      const signal = Context.current().cancellationSignal;
      const format = reportFormat(report.format);
      const { columns } = reportKind(report.reportType);
      const parts = Array.from({ length: report.partsTotal ?? 0 }, (_, part) =>
        reportPartKey(ref.orgId, ref.reportId, part),
      );
      let bytes = 0;
      const { sizeBytes, sha256 } = await beating(
        () => ({ bytes }),
        () =>
          storage.write(
            reportFileKey(ref.orgId, ref.reportId, name),
            Readable.from(format.assemble(columns, concatenated(storage, parts))),
            {
              signal,
              onChunk: (chunk) => {
                bytes += chunk.length;
              },
            },
          ),
      );
      return { name, sizeBytes, sha256, rowCount: rows, contentType: format.contentType };
    },

    /** Publishes the file, then removes the parts: a crash between the two leaves parts, never half a report. */
    async publishReport(ref: ReportRef, file: ReportFile): Promise<void> {
      const now = new Date();
      const published = await orm.em.fork().nativeUpdate(
        Report,
        { orgId: ref.orgId, id: ref.reportId, status: statusesBefore('completed'), deletedAt: null },
        {
          status: 'completed',
          phase: 'done',
          rowsWritten: file.rowCount,
          rowsTotal: file.rowCount,
          completedAt: now,
          expiresAt: new Date(now.getTime() + keptDays * DAY_MS),
          fileName: file.name,
          fileSizeBytes: file.sizeBytes,
          fileSha256: file.sha256,
          fileRowCount: file.rowCount,
          fileContentType: file.contentType,
        },
      );
      if (published === 0) {
        const report = await orm.em.fork().findOne(Report, { orgId: ref.orgId, id: ref.reportId });
        // Published by an attempt whose answer was lost; otherwise it was closed meanwhile and keeps no file.
        if (report?.status !== 'completed' || report.deletedAt)
          return storage.removeFolder(reportFolder(ref.orgId, ref.reportId));
      }
      // The parts, and unfinished files of killed attempts.
      await storage.removeAllBut(reportFileKey(ref.orgId, ref.reportId, file.name));
      log.info({ ...ref, rows: file.rowCount, bytes: file.sizeBytes }, 'report published');
    },

    /** Closes a report that does not complete, and removes its files. */
    async closeReport(ref: ReportRef, outcome: JobOutcome): Promise<void> {
      await closeReportRow(orm.em.fork(), { orgId: ref.orgId, id: ref.reportId }, outcome);
      const report = await orm.em.fork().findOne(Report, { orgId: ref.orgId, id: ref.reportId });
      // Row before files: a report that was published at the same moment stays published, with its file.
      if (report?.status === 'completed' && !report.deletedAt) return;
      await storage.removeFolder(reportFolder(ref.orgId, ref.reportId));
      await orm.em.fork().nativeUpdate(Report, { orgId: ref.orgId, id: ref.reportId }, { filesRemovedAt: new Date() });
      log.info({ ...ref, ...outcome }, 'report closed');
    },
  };
}
