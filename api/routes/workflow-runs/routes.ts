import { WorkflowFailedError } from '@temporalio/client';
import { z } from 'zod';
import { resolveRange } from '../../../shared/calendar/resolve-range.ts';
import { dbOf } from '../../../shared/db/orm.ts';
import { timeRangeSchema } from '../../../shared/domain/time-range.ts';
import { askTemporal } from '../../../shared/jobs/temporal-calls.ts';
import { pageSchema } from '../../http/answers.ts';
import { listShape, presentRange } from '../../http/list-query.ts';
import { type Access, defineRoute, parseFields, type RequestContext, type Route } from '../../route.ts';
import { CONTROLS, type Control, controlRun } from './control.ts';
import { findRun } from './find.ts';
import { runLinks } from './links.ts';
import { type ListedRun, listRuns } from './list.ts';
import { inSnakeCase, progressOfAll, runProgress } from './progress.ts';
import { RUN_STATUSES, runDetailSchema, runSchema, startedSchema } from './schema.ts';
import { type RunStart, runStarts } from './starts.ts';
import { statusOf } from './status.ts';

const access: Access = { least: 'admin', scope: 'settings' };
const tag = 'Workflow runs';
const example = { params: { id: 'retention%2Facme%2Fby-hand' } };

const list = defineRoute({
  method: 'GET',
  path: '/workflow-runs',
  access,
  tag,
  summary: 'What runs now and ran before, the latest first',
  description:
    'Runs that were under way at some time of the range. Operators also see those that span organisations. Temporal keeps closed runs for as long as its namespace says.',
  answers: { 200: { description: 'A page of runs.', schema: pageSchema(runSchema) } },
  query: z.strictObject({
    ...timeRangeSchema.shape,
    limit: listShape.limit,
    // Signs that a URL takes as they are: a longer address than a server takes is no answer of ours.
    cursor: z
      .string()
      .max(4096)
      .regex(/^[\w-]*$/, 'is not a cursor of this list; start without one')
      .optional(),
    type: z
      .string()
      .regex(/^\w{1,100}$/, 'must be the name of a workflow')
      .optional(),
    // Servers before Temporal's own pause refuse a question that names it.
    status: z.enum(RUN_STATUSES).exclude(['paused']).optional(),
  }),
  async handle(context, query) {
    const range = await resolveRange(dbOf(context.em), query, context.caller.timeZone, new Date());
    const { type, status, cursor, limit } = query;
    const { runs, nextCursor } = await listRuns(context, { range, type, status, cursor, limit });
    const told = await progressOfAll(
      context,
      runs.filter((run) => run.closedAt === null),
    );
    const data = runs.map((run) => present(context, run, told.get(run.runId) ?? null));
    return { status: 200, body: { data, next_cursor: nextCursor, range: presentRange(range) } };
  },
});

const detail = defineRoute({
  method: 'GET',
  path: '/workflow-runs/:id',
  access,
  tag,
  summary: 'Show the latest run of a workflow, and how far it is',
  answers: { 200: { description: 'The run.', schema: runDetailSchema } },
  example,
  async handle(context) {
    const found = await findRun(context, context.params.id ?? '');
    const { workflowId, runId, type, startTime, closeTime } = found;
    const status = statusOf(found.status);
    const progress = await runProgress(context, { workflowId, runId });
    const ended = await endOf(context, { workflowId, runId, status });
    const run = { workflowId, runId, type, status, startedAt: startTime, closedAt: closeTime ?? null };
    return { status: 200, body: { ...present(context, run, progress), ...ended } };
  },
});

function present(context: RequestContext, run: ListedRun, progress: Record<string, unknown> | null) {
  return {
    workflow_id: run.workflowId,
    run_id: run.runId,
    type: run.type,
    status: run.status,
    progress,
    started_at: run.startedAt.toISOString(),
    closed_at: run.closedAt?.toISOString() ?? null,
    links: runLinks(context, run.workflowId, run.runId),
  };
}

/** What a closed run came to. */
async function endOf(
  context: RequestContext,
  { workflowId, runId, status }: Pick<ListedRun, 'workflowId' | 'runId' | 'status'>,
): Promise<{ result: unknown; error: string | null }> {
  if (status !== 'completed' && status !== 'failed') return { result: null, error: null };
  try {
    const handle = context.deps.temporal.workflow.getHandle(workflowId, runId, { followRuns: false });
    return {
      result: inSnakeCase(await askTemporal(context.deps.temporal, () => handle.result())) ?? null,
      error: null,
    };
  } catch (error) {
    if (error instanceof WorkflowFailedError) return { result: null, error: innermost(error).message };
    throw error;
  }
}

/** What Temporal wraps around a reason says where, not why. */
function innermost(error: Error): Error {
  return error.cause instanceof Error ? innermost(error.cause) : error;
}

function startRoute({ name, summary, description, bodySchema, example, start }: RunStart): Route {
  return defineRoute({
    method: 'POST',
    path: `/workflow-runs/${name}`,
    access,
    tag,
    summary,
    description,
    body: 'json',
    bodySchema,
    answers: { 202: { description: 'It is under way.', schema: startedSchema } },
    example: { body: example },
    handle: (context) =>
      context.once(async (em) => {
        const body: Record<string, unknown> = parseFields(bodySchema, context.body.object());
        const { workflowId, runId } = await askTemporal(context.deps.temporal, () =>
          start(context.deps.temporal, context, body),
        );
        await context.audit(em, 'workflow_run.started', workflowId, { ...body });
        const links = runLinks(context, workflowId);
        return {
          status: 202,
          body: { id: workflowId, workflow_id: workflowId, run_id: runId, status: 'running', links },
        };
      }),
  });
}

const AUDITED = {
  cancel: 'workflow_run.cancelled',
  pause: 'workflow_run.paused',
  resume: 'workflow_run.resumed',
} as const;

const SUMMARIES: Readonly<Record<Control, string>> = {
  cancel: 'Stop a run; what it has done stays',
  pause: 'Have a run wait',
  resume: 'Have a paused run go on',
};

function controlRoute(control: Control): Route {
  return defineRoute({
    method: 'POST',
    path: `/workflow-runs/:id/${control}`,
    access,
    tag,
    summary: SUMMARIES[control],
    answers: { 202: { description: 'It is told.', schema: startedSchema } },
    faults: ['conflict'],
    example,
    async handle(context) {
      const workflowId = context.params.id ?? '';
      const { runId, status } = await controlRun(context, workflowId, control);
      await context.audit(context.em, AUDITED[control], workflowId, { run_id: runId });
      const links = runLinks(context, workflowId, runId);
      return {
        status: 202,
        body: { id: workflowId, workflow_id: workflowId, run_id: runId, status: statusOf(status), links },
      };
    },
  });
}

export const workflowRunRoutes: readonly Route[] = [
  list,
  ...runStarts.map(startRoute),
  detail,
  ...CONTROLS.map(controlRoute),
];
