import { Report } from '../db/entities/report.ts';
import { dbOf } from '../db/orm.ts';
import type { JobKind } from '../jobs/job-kind.ts';
import { reportFolder } from '../storage/storage.ts';
import { statusAttribute } from '../temporal.ts';
import { closeReportRow } from './close-report-row.ts';
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
    remedy: 'Request the report again.',
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
    close: ({ em }, report, outcome) => closeReportRow(em, report, outcome),

    obsoleteFiles: {
      list: (em, after, limit) =>
        em.find(
          Report,
          {
            filesRemovedAt: null,
            $and: [
              {
                $or: [
                  { expiresAt: { $lt: new Date() } },
                  { deletedAt: { $ne: null } },
                  { status: ['failed', 'cancelled'] },
                ],
              },
              after === null
                ? {}
                : { $or: [{ orgId: { $gt: after.orgId } }, { orgId: after.orgId, id: { $gt: after.id } }] },
            ],
          },
          { orderBy: { orgId: 'asc', id: 'asc' }, limit },
        ),
      folder: ({ orgId, id }) => reportFolder(orgId, id),
      async noteRemoved(em, { orgId, id }) {
        await em.nativeUpdate(Report, { orgId, id }, { filesRemovedAt: new Date() });
      },
    },
  };
}
