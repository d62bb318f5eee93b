import { resolveRange } from '../../../shared/calendar/resolve-range.ts';
import { dbOf } from '../../../shared/db/orm.ts';
import { inSnapshot, inTransaction } from '../../../shared/db/transaction.ts';
import { TidemarkError } from '../../../shared/errors.ts';
import { errors } from '../../../shared/facts/errors.ts';
import {
  changeErrorGroup,
  type ErrorGroup,
  groupHasStatus,
  readErrorGroups,
} from '../../../shared/insights/error-groups.ts';
import { countErrors, readErrorGroupStats } from '../../../shared/insights/error-stats.ts';
import { listErrorGroups } from '../../../shared/insights/list-error-groups.ts';
import { type FactList, listFacts } from '../../../shared/telemetry/list-facts.ts';
import { readFact } from '../../../shared/telemetry/read-fact.ts';
import { pageSchema } from '../../http/pages.ts';
import { presentRange } from '../../http/time.ts';
import { type Access, defineRoute, type RequestContext, type Route } from '../../route.ts';
import { factListQuery, factPage } from '../fact-list.ts';
import { metricSubject } from '../metric-subject.ts';
import { presentErrorDetail, presentErrorStats, presentListedError } from './present.ts';
import {
  ERROR_MEASURES,
  errorDetailSchema,
  errorStatsQuery,
  errorStatsSchema,
  errorsQuery,
  groupChangesSchema,
  listedErrorSchema,
} from './schema.ts';

const access: Access = { least: 'admin', scope: 'metrics' };

const errorList: FactList = {
  fact: errors,
  filters: ['level', 'exception_type', 'fingerprint', 'session_id', 'execution_id'],
  measures: ERROR_MEASURES,
  searched: ['message', 'exception_type', 'url'],
  leftOut: ['stack_trace', 'context'],
};

const list = defineRoute({
  method: 'GET',
  path: '/errors',
  access,
  tag: 'Errors',
  summary: 'List errors, the latest first',
  description:
    'One row for each occurrence. With `group=true` one row for each error group: its latest occurrence that matches range and filters.',
  answers: { 200: { description: 'A page of errors.', schema: pageSchema(listedErrorSchema) } },
  query: errorsQuery,
  async handle(context, { query }) {
    const db = dbOf(context.em);
    const range = await resolveRange(db, query, context.caller.timeZone, new Date());
    const isGrouped = query.group === 'true';
    const where = query.status === undefined ? [] : [groupHasStatus(query.status)];
    const listQuery = factListQuery(context, errorList, range, query, where);
    const rows = await (isGrouped ? listErrorGroups : listFacts)(db, errorList, listQuery);
    const page = factPage(errorList, rows, query.limit, isGrouped ? 'fingerprint' : 'error_id');
    const fingerprints = page.data.map((row) => String(row.fingerprint));
    const groups = await readErrorGroups(db, listQuery.orgId, fingerprints, isGrouped ? range : undefined);
    const data = page.data.map((row) => {
      const group = groupOf(groups, row.fingerprint);
      const listed = presentListedError(row, group);
      return isGrouped ? { ...listed, occurrences_in_range: group.occurrences_in_range } : listed;
    });
    return { status: 200, body: { data, next_cursor: page.next_cursor, range: presentRange(range) } };
  },
});

function groupOf(groups: ReadonlyMap<string, ErrorGroup>, fingerprint: unknown): ErrorGroup {
  const group = groups.get(String(fingerprint));
  if (!group) throw new Error(`Error group ${fingerprint} was not read`);
  return group;
}

const stats = defineRoute({
  method: 'GET',
  path: '/errors/stats',
  access,
  tag: 'Errors',
  summary: 'Count the errors of a range by level, type, day and group',
  answers: { 200: { description: 'The counts.', schema: errorStatsSchema } },
  query: errorStatsQuery,
  async handle(context, { query }) {
    const range = await resolveRange(dbOf(context.em), query, context.caller.timeZone, new Date());
    const subject = await metricSubject(context);
    // One snapshot, so that the counts agree during ingestion.
    const body = await inSnapshot(context.em, async (db) =>
      presentErrorStats(await countErrors(db, subject, range), await readErrorGroupStats(db, subject, range), range),
    );
    return { status: 200, body };
  },
});

const detail = defineRoute({
  method: 'GET',
  path: '/errors/:id',
  access,
  tag: 'Errors',
  summary: 'Get one error with its group and the reason for the grouping',
  answers: { 200: { description: 'The error.', schema: errorDetailSchema } },
  example: { params: { id: 'error-1' } },
  handle: async (context, { params }) => ({ status: 200, body: await readDetail(context, params.id) }),
});

const change = defineRoute({
  method: 'PATCH',
  path: '/errors/:id',
  access,
  tag: 'Errors',
  summary: 'Resolve, ignore or reopen the group of an error',
  description:
    'Applies to all errors with the same fingerprint. An occurrence after the resolution reopens the group; an ignored group stays ignored.',
  body: groupChangesSchema,
  answers: { 200: { description: 'The error with its changed group.', schema: errorDetailSchema } },
  example: { params: { id: 'error-1' }, body: { status: 'resolved', resolution_note: 'Fixed in 1.4.2.' } },
  async handle(context, { params, body: { status, resolution_note } }) {
    const { orgId, userId, name } = context.caller.credential;
    const { fingerprint } = await requireError(context, params.id);
    await inTransaction(context.em, async (db, em) => {
      await changeErrorGroup(db, {
        orgId,
        fingerprint: String(fingerprint),
        status,
        resolutionNote: resolution_note,
        changedBy: userId ?? name,
      });
      await context.audit(em, 'error.status_changed', String(fingerprint), { status, resolution_note });
    });
    return { status: 200, body: await readDetail(context, params.id) };
  },
});

async function readDetail(context: RequestContext, id: string) {
  const row = await requireError(context, id);
  const fingerprint = String(row.fingerprint);
  const groups = await readErrorGroups(dbOf(context.em), context.caller.credential.orgId, [fingerprint]);
  return presentErrorDetail(row, groupOf(groups, fingerprint));
}

/** @throws TidemarkError `not-found` */
async function requireError({ em, caller }: RequestContext, id: string) {
  const row = await readFact(dbOf(em), errors, caller.credential.orgId, id);
  if (!row) throw new TidemarkError('not-found', `No error ${id}.`);
  return row;
}

/** `stats` before `:id`, which would match it. */
export const errorRoutes: readonly Route[] = [list, stats, detail, change];
