import { Report } from '../db/entities/report.ts';
import { dbOf } from '../db/orm.ts';
import type { JobKind } from '../jobs/job-kind.ts';
import { statusesBefore } from '../jobs/states.ts';
import { reportFolder } from '../storage/storage.ts';
import { statusAttribute } from '../temporal.ts';
import { noteReportRun } from './note-report-run.ts';

export interface ReportJobSettings {
  /** Parts of one report that are written at the same time. */
  parallelParts: number;
}

/** Reports as jobs. A report never runs twice: one whose workflow ended is closed, and asked for again under a new id. */
export function createReportJob({ parallelParts }: ReportJobSettings): JobKind<'generateReport', Report> {
  return {
    noun: 'report',
    table: 'reports',
    run: 'generateReport',
    remedy: 'Ask for the report again.',
    input: ({ orgId, id, reportType, format, name }) => ({
      orgId,
      reportId: id,
      reportType,
      format,
      name,
      parallelParts,
    }),
    extras: ({ orgId, id }) => ({
      staticDetails: `Report ${id} of organisation ${orgId}`,
      typedSearchAttributes: [{ key: statusAttribute, value: 'pending' }],
    }),
    read: (em, ref) => em.findOne(Report, { ...ref, deletedAt: null }),
    noteRun: (em, report, runId) => noteReportRun(dbOf(em), report, runId),

    /** Closes the row alone: its files are obsolete then, and the same round removes them. */
    async close({ em }, { orgId, id }, outcome) {
      const failure = outcome.status === 'failed' ? outcome.failure : null;
      const closed = await em.nativeUpdate(
        Report,
        { orgId, id, status: statusesBefore(outcome.status) },
        {
          status: outcome.status,
          phase: 'done',
          completedAt: new Date(),
          errorCode: failure?.code ?? null,
          errorMessage: failure?.message ?? null,
        },
      );
      return closed > 0;
    },

    obsoleteFiles: {
      list: (em, limit) =>
        em.find(
          Report,
          {
            filesRemovedAt: null,
            $or: [
              { expiresAt: { $lt: new Date() } },
              { deletedAt: { $ne: null } },
              { status: ['failed', 'cancelled'] },
            ],
          },
          { limit },
        ),
      folder: ({ orgId, id }) => reportFolder(orgId, id),
      async noteRemoved(em, { orgId, id }) {
        await em.nativeUpdate(Report, { orgId, id }, { filesRemovedAt: new Date() });
      },
    },
  };
}
