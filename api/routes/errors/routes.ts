import { sql } from 'kysely';
import { z } from 'zod';
import { resolveRange } from '../../../shared/calendar/resolve-range.ts';
import { dbOf } from '../../../shared/db/orm.ts';
import { inSnapshot } from '../../../shared/db/snapshot.ts';
import { ERROR_STATUSES, type ErrorStatus } from '../../../shared/domain/error-status.ts';
import { timeRangeSchema } from '../../../shared/domain/time-range.ts';
import { TidemarkError } from '../../../shared/errors.ts';
import { errors } from '../../../shared/facts/errors.ts';
import { changeErrorGroup, type ErrorGroup, readErrorGroups } from '../../../shared/insights/error-groups.ts';
import { countErrors, readErrorGroupStats } from '../../../shared/insights/error-stats.ts';
import { listErrorGroups } from '../../../shared/insights/list-error-groups.ts';
import { type FactList, listFacts } from '../../../shared/telemetry/list-facts.ts';
import { readFact } from '../../../shared/telemetry/read-fact.ts';
import { ERROR_LEVELS, id, label } from '../../../shared/wire.ts';
import { pageSchema } from '../../http/answers.ts';
import { boundsShape, listShape, presentRange } from '../../http/list-query.ts';
import { type Access, defineRoute, parseFields, type RequestContext, type Route } from '../../route.ts';
import { factListQuery, factPage } from '../fact-list.ts';
import { metricSubject } from '../metric-subject.ts';
import { presentErrorDetail, presentErrorStats, presentListedError } from './present.ts';
import { errorDetailSchema, errorStatsSchema, listedErrorSchema } from './schema.ts';

const access: Access = { least: 'admin', scope: 'metrics' };

const errorList: FactList = {
  fact: errors,
  filters: ['level', 'exception_type', 'fingerprint', 'session_id', 'execution_id'],
  measures: ['status_code'],
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
    'A row an occurrence; with `group=true` a row a group of equal errors: its latest occurrence in the range that the filters let through.',
  answers: { 200: { description: 'A page of errors.', schema: pageSchema(listedErrorSchema) } },
  query: z.strictObject({
    ...listShape,
    level: z.enum(ERROR_LEVELS).optional(),
    exception_type: label().optional(),
    status: z.enum(ERROR_STATUSES).optional(),
    fingerprint: label().optional(),
    session_id: id().optional(),
    execution_id: id().optional(),
    ...boundsShape(errorList.measures),
    group: z.enum(['true', 'false']).default('false').meta({ description: 'One row a fingerprint.' }),
  }),
  async handle(context, query) {
    const db = dbOf(context.em);
    const range = await resolveRange(db, query, context.caller.timeZone, new Date());
    const isGrouped = query.group === 'true';
    const where = query.status === undefined ? [] : [hasStatus(query.status)];
    const wanted = factListQuery(context, errorList, range, query, where);
    const rows = await (isGrouped ? listErrorGroups : listFacts)(db, errorList, wanted);
    const page = factPage(errorList, rows, query.limit, isGrouped ? 'fingerprint' : 'error_id');
    const fingerprints = page.data.map((row) => String(row.fingerprint));
    const groups = await readErrorGroups(db, wanted.orgId, fingerprints, isGrouped ? range : undefined);
    const data = page.data.map((row) => {
      const group = groupOf(groups, row.fingerprint);
      const shown = presentListedError(row, group);
      return isGrouped ? { ...shown, occurrences_in_range: group.occurrences_in_range } : shown;
    });
    return { status: 200, body: { data, next_cursor: page.next_cursor, range: presentRange(range) } };
  },
});

/** True of an error `t` whose group has the status; groups that nobody touched have no row, and are open. */
function hasStatus(status: ErrorStatus) {
  const group = sql`SELECT FROM error_groups g WHERE g.org_id = t.org_id AND g.fingerprint = t.fingerprint`;
  return status === 'open'
    ? sql`NOT EXISTS (${group} AND g.status <> 'open')`
    : sql`EXISTS (${group} AND g.status = ${status})`;
}

function groupOf(groups: ReadonlyMap<string, ErrorGroup>, fingerprint: unknown): ErrorGroup {
  const group = groups.get(String(fingerprint));
  if (!group) throw new Error(`Error group ${fingerprint} was asked for and not read`);
  return group;
}

const stats = defineRoute({
  method: 'GET',
  path: '/errors/stats',
  access,
  tag: 'Errors',
  summary: 'Count the errors of a range by level, type, day and group',
  answers: { 200: { description: 'The counts.', schema: errorStatsSchema } },
  query: z.strictObject(timeRangeSchema.shape),
  async handle(context, query) {
    const range = await resolveRange(dbOf(context.em), query, context.caller.timeZone, new Date());
    const subject = await metricSubject(context);
    // One snapshot, so that the counts agree while errors keep coming.
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
  summary: 'Show one error with its group, and why it is in it',
  answers: { 200: { description: 'The error.', schema: errorDetailSchema } },
  example: { params: { id: 'error-1' } },
  handle: async (context) => ({ status: 200, body: await readDetail(context) }),
});

const changesSchema = z
  .strictObject({
    status: z.enum(ERROR_STATUSES),
    resolution_note: label(4096).optional().meta({ description: 'Of a resolved or ignored group.' }),
  })
  .refine(({ status, resolution_note }) => status !== 'open' || resolution_note === undefined, {
    path: ['resolution_note'],
    error: 'belongs to a resolved or ignored group; leave it out',
  });

const change = defineRoute({
  method: 'PATCH',
  path: '/errors/:id',
  access,
  tag: 'Errors',
  summary: 'Resolve, ignore or open the group of an error',
  description:
    'It counts for every error with the same fingerprint. An occurrence later than the resolution opens the group again; an ignored group stays ignored.',
  body: 'json',
  bodySchema: changesSchema,
  answers: { 200: { description: 'As it stands now.', schema: errorDetailSchema } },
  example: { params: { id: 'error-1' }, body: { status: 'resolved', resolution_note: 'Fixed in 1.4.2.' } },
  async handle(context) {
    const { status, resolution_note } = parseFields(changesSchema, context.body.object());
    const { orgId, userId, name } = context.caller.credential;
    const { fingerprint } = await requireError(context);
    await context.em.transactional(async (em) => {
      await changeErrorGroup(dbOf(em), {
        orgId,
        fingerprint: String(fingerprint),
        status,
        resolutionNote: resolution_note,
        changedBy: userId ?? name,
      });
      await context.audit(em, 'error.status_changed', String(fingerprint), { status, resolution_note });
    });
    return { status: 200, body: await readDetail(context) };
  },
});

async function readDetail(context: RequestContext) {
  const row = await requireError(context);
  const fingerprint = String(row.fingerprint);
  const groups = await readErrorGroups(dbOf(context.em), context.caller.credential.orgId, [fingerprint]);
  return presentErrorDetail(row, groupOf(groups, fingerprint));
}

/** @throws TidemarkError `not-found` */
async function requireError({ em, caller, params }: RequestContext) {
  const row = await readFact(dbOf(em), errors, caller.credential.orgId, params.id ?? '');
  if (!row) throw new TidemarkError('not-found', `There is no error ${params.id}.`);
  return row;
}

/** `stats` stands before `:id`, which would take it. */
export const errorRoutes: readonly Route[] = [list, stats, detail, change];
