import { z } from 'zod';
import { resolveRange } from '../../../shared/calendar/resolve-range.ts';
import { JOB_STATUSES } from '../../../shared/contracts/jobs.ts';
import { containsPattern } from '../../../shared/db/contains-pattern.ts';
import { Report } from '../../../shared/db/entities/report.ts';
import { dbOf } from '../../../shared/db/orm.ts';
import { validationError } from '../../../shared/errors.ts';
import { isTemporalUnavailable } from '../../../shared/jobs/temporal-calls.ts';
import { reportFolder } from '../../../shared/storage/storage.ts';
import { label } from '../../../shared/wire.ts';
import { pageSchema } from '../../http/answers.ts';
import { listShape, pageOf, presentRange } from '../../http/list-query.ts';
import { isUuid } from '../../http/uuid.ts';
import {
  type Access,
  type Answer,
  defineRoute,
  type RequestContext,
  type Route,
  type RouteDescription,
} from '../../route.ts';
import { cancelReport } from './cancel.ts';
import { createReport, newReportSchema } from './create.ts';
import { downloadReport } from './download.ts';
import { findReport } from './find.ts';
import { presentReport } from './present.ts';
import { reportProgress } from './progress.ts';
import { downloadAnswers, downloadHeaders, reportSchema } from './schema.ts';

const access = { least: 'admin', scope: 'reports' } as const;

const create = defineRoute({
  method: 'POST',
  path: '/reports',
  access,
  tag: 'Reports',
  summary: 'Ask for a report',
  description: 'A workflow makes it. Ask for it by its `id` until its `status` is `completed`, then download the file.',
  body: 'json',
  bodySchema: newReportSchema,
  answers: { 202: { description: 'It is being made.', schema: reportSchema } },
  example: { body: { name: 'Last week', report_type: 'executions', format: 'csv', parameters: { period: '7d' } } },
  handle: createReport,
});

const list = defineRoute({
  method: 'GET',
  path: '/reports',
  access,
  tag: 'Reports',
  summary: 'List reports, the latest first',
  answers: { 200: { description: 'A page of reports.', schema: pageSchema(reportSchema) } },
  query: z.strictObject({
    ...listShape,
    status: z.enum(JOB_STATUSES).optional(),
    report_type: label().optional(),
    format: label().optional(),
  }),
  async handle(context, query) {
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
        // Ids are UUIDv7: their order is the order in which they were made.
        ...(query.cursor ? { id: { $lt: cursorId(query.cursor.id) } } : {}),
      },
      { orderBy: { id: 'desc' }, limit: query.limit + 1 },
    );
    const page = pageOf(reports, query.limit, (report) => ({ at: report.createdAt, id: report.id }));
    const data = page.data.map((report) => presentReport(context, report));
    return { status: 200, body: { data, next_cursor: page.next_cursor, range: presentRange(range) } };
  },
});

const detail = reportRoute('GET', '', {
  summary: 'Show one report and how far it has come',
  answers: { 200: { description: 'The report.', schema: reportSchema } },
  handle: async (context, report) => ({
    status: 200,
    body: presentReport(context, report, await reportProgress(context, report)),
  }),
});

const download = reportRoute('GET', '/download', {
  summary: 'Download the file of a completed report',
  description:
    'The `download_url` of the report is the same, and needs no credential: its query says that we gave it out.',
  access: { ...access, signed: true },
  headers: downloadHeaders,
  answers: downloadAnswers,
  faults: ['conflict', 'gone', 'range-not-satisfiable'],
  async handle(context, report) {
    const answer = await downloadReport(context, report);
    await context.audit(context.em, 'report.downloaded', report.id, { name: report.name, status: answer.status });
    return answer;
  },
});

const cancel = reportRoute('POST', '/cancel', {
  summary: 'Stop a report',
  description: 'One that is closed already stays as it is.',
  answers: { 202: { description: 'Its workflow is asked to stop.', schema: reportSchema } },
  async handle(context, report) {
    await cancelReport(context, report);
    await context.audit(context.em, 'report.cancelled', report.id, { name: report.name });
    return { status: 202, body: presentReport(context, await findReport(context, report.id)) };
  },
});

const remove = reportRoute('DELETE', '', {
  summary: 'Delete a report and its file',
  answers: { 204: { description: 'It is gone.' } },
  async handle(context, report) {
    await context.em.transactional(async (em) => {
      await em.nativeUpdate(Report, { orgId: report.orgId, id: report.id }, { deletedAt: new Date() });
      await context.audit(em, 'report.deleted', report.id, { name: report.name });
    });
    // Its workflow finds it gone at its next step in any case, and the sweep looks for its files once more.
    await cancelReport(context, report).catch((error: unknown) => {
      if (!isTemporalUnavailable(error) && !isTemporalUnavailable(error instanceof Error ? error.cause : null))
        throw error;
    });
    await context.deps.storage.removeFolder(reportFolder(report.orgId, report.id));
    return { status: 204 };
  },
});

/** @throws TidemarkError `validation` for a cursor of another list */
function cursorId(id: string): string {
  if (isUuid(id)) return id;
  throw validationError([{ field: 'cursor', message: 'is not a cursor of this list; start without one' }]);
}

interface ReportRouteOptions extends Omit<RouteDescription, 'tag' | 'example'> {
  access?: Access;
  handle(context: RequestContext, report: Report): Promise<Answer>;
}

/** A call about one report, which is found before. */
function reportRoute(method: 'GET' | 'POST' | 'DELETE', subPath: string, options: ReportRouteOptions): Route {
  return defineRoute({
    access,
    ...options,
    method,
    path: `/reports/:id${subPath}`,
    tag: 'Reports',
    example: { params: { id: '019a0000-0000-7000-8000-000000000000' } },
    handle: async (context) => options.handle(context, await findReport(context, context.params.id ?? '')),
  });
}

export const reportRoutes: readonly Route[] = [create, list, detail, download, cancel, remove];
