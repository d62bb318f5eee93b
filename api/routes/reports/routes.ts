import { resolveRange } from '../../../shared/calendar/resolve-range.ts';
import { containsPattern } from '../../../shared/db/contains-pattern.ts';
import { Report } from '../../../shared/db/entities/report.ts';
import { dbOf } from '../../../shared/db/orm.ts';
import { inTransaction } from '../../../shared/db/transaction.ts';
import { TidemarkError, validationError } from '../../../shared/errors.ts';
import { closeReportRow } from '../../../shared/reports/close-report-row.ts';
import { reportFolder } from '../../../shared/storage/storage.ts';
import { pageOf, pageSchema } from '../../http/pages.ts';
import { presentRange } from '../../http/time.ts';
import { isUuid } from '../../http/uuid.ts';
import { defineRoute, type Route } from '../../route.ts';
import { cancelReport } from './cancel.ts';
import { createReport } from './create.ts';
import { downloadReport } from './download.ts';
import { findReport } from './find.ts';
import { presentReport } from './present.ts';
import { reportProgress } from './progress.ts';
import { downloadAnswers, downloadHeaders, newReportSchema, reportSchema, reportsQuery } from './schema.ts';

const access = { least: 'admin', scope: 'reports' } as const;

/** Options of the routes of one report. */
const aboutOne = {
  access,
  tag: 'Reports',
  example: { params: { id: '019a0000-0000-7000-8000-000000000000' } },
} as const;

const create = defineRoute({
  method: 'POST',
  path: '/reports',
  asksAggregate: true,
  access,
  tag: 'Reports',
  summary: 'Request a report',
  description: 'A workflow creates it. Poll `GET /reports/{id}` until `status` is `completed`, then download the file.',
  body: newReportSchema,
  answers: { 202: { description: 'The report is requested.', schema: reportSchema } },
  example: { body: { name: 'Last week', report_type: 'executions', format: 'csv', parameters: { period: '7d' } } },
  handle: (context, { body }) => createReport(context, body),
});

const list = defineRoute({
  method: 'GET',
  path: '/reports',
  access,
  tag: 'Reports',
  summary: 'List reports, the latest first',
  answers: { 200: { description: 'A page of reports.', schema: pageSchema(reportSchema) } },
  query: reportsQuery,
  async handle(context, { query }) {
    const range = await resolveRange(dbOf(context.em), query, context.caller.timeZone, new Date());
    const reports = await context.em.find(
      Report,
      {
        orgId: context.caller.credential.orgId,
        deletedAt: null,
        createdAt: { $gte: range.startInclusive, $lt: range.endExclusive },
        ...(query.status ? { status: query.status } : {}),
        ...(query.report_type ? { reportType: query.report_type } : {}),
        ...(query.format ? { format: query.format } : {}),
        ...(query.user_id ? { requestedBy: query.user_id } : {}),
        ...(query.search ? { name: { $ilike: containsPattern(query.search) } } : {}),
        // UUIDv7 ids are ordered by creation time.
        ...(query.cursor ? { id: { $lt: cursorId(query.cursor.id) } } : {}),
      },
      { orderBy: { id: 'desc' }, limit: query.limit + 1 },
    );
    const page = pageOf(reports, query.limit, (report) => ({ at: report.createdAt, id: report.id }));
    const data = page.data.map((report) => presentReport(context, report));
    return { status: 200, body: { data, next_cursor: page.next_cursor, range: presentRange(range) } };
  },
});

const detail = defineRoute({
  ...aboutOne,
  method: 'GET',
  path: '/reports/:id',
  summary: 'Get one report with its progress',
  answers: { 200: { description: 'The report.', schema: reportSchema } },
  async handle(context, { params }) {
    const report = await findReport(context, params.id);
    return { status: 200, body: presentReport(context, report, await reportProgress(context, report)) };
  },
});

const download = defineRoute({
  ...aboutOne,
  method: 'GET',
  path: '/reports/:id/download',
  summary: 'Download the file of a completed report',
  description: 'The `download_url` of a report is this call with a signature, which replaces the credential.',
  access: { ...access, signed: true },
  headers: downloadHeaders,
  answers: downloadAnswers,
  faults: ['conflict', 'gone', 'range-not-satisfiable'],
  async handle(context, { params }) {
    const report = await findReport(context, params.id);
    const answer = await downloadReport(context, report);
    await context.audit(context.em, 'report.downloaded', report.id, { name: report.name, status: answer.status });
    return answer;
  },
});

const cancel = defineRoute({
  ...aboutOne,
  method: 'POST',
  path: '/reports/:id/cancel',
  summary: 'Cancel a report',
  description: 'A closed report does not change.',
  answers: { 202: { description: 'The cancellation was requested.', schema: reportSchema } },
  async handle(context, { params }) {
    const report = await findReport(context, params.id);
    await cancelReport(context, report);
    await context.audit(context.em, 'report.cancelled', report.id, { name: report.name });
    return { status: 202, body: presentReport(context, await findReport(context, report.id)) };
  },
});

const remove = defineRoute({
  ...aboutOne,
  method: 'DELETE',
  path: '/reports/:id',
  summary: 'Delete a report and its file',
  answers: { 204: { description: 'The report is deleted.' } },
  async handle(context, { params }) {
    const report = await findReport(context, params.id);
    await inTransaction(context.em, async (_, em) => {
      await em.nativeUpdate(Report, { orgId: report.orgId, id: report.id }, { deletedAt: new Date() });
      // No sweep reads a deleted report, so its row is closed here.
      await closeReportRow(em, report, { status: 'cancelled' });
      await context.audit(em, 'report.deleted', report.id, { name: report.name });
    });
    // Without Temporal the workflow ends at its next step, which finds no row; the sweep removes files written until then.
    await cancelReport(context, report).catch((error: unknown) => {
      if (!(error instanceof TidemarkError && error.code === 'unavailable')) throw error;
    });
    await context.deps.storage.removeFolder(reportFolder(report.orgId, report.id));
    return { status: 204 };
  },
});

/** @throws TidemarkError `validation` for a cursor that this list did not return */
function cursorId(id: string): string {
  if (isUuid(id)) return id;
  throw validationError([{ field: 'cursor', message: 'invalid cursor' }]);
}

export const reportRoutes: readonly Route[] = [create, list, detail, download, cancel, remove];
