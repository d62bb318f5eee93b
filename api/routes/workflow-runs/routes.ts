import { WorkflowFailedError } from '@temporalio/client';
import { resolveRange } from '../../../shared/calendar/resolve-range.ts';
import { dbOf } from '../../../shared/db/orm.ts';
import { askTemporal } from '../../../shared/jobs/temporal-calls.ts';
import { pageSchema } from '../../http/pages.ts';
import { presentRange } from '../../http/time.ts';
import { type Access, defineRoute, type RequestContext, type Route } from '../../route.ts';
import { CONTROLS, type Control, controlRun } from './control.ts';
import { findRun } from './find.ts';
import { type ListedRun, listRuns } from './list.ts';
import { presentControlled, presentRun } from './present.ts';
import { inSnakeCase, progressOfAll, runProgress } from './progress.ts';
import { runDetailSchema, runSchema, runsQuery, startedSchema } from './schema.ts';
import { startRoutes } from './starts.ts';
import { statusOf } from './status.ts';

const access: Access = { least: 'admin', scope: 'settings' };
const tag = 'Workflow runs';
const example = { params: { id: 'retention%2Facme%2Fby-hand' } };

const list = defineRoute({
  method: 'GET',
  path: '/workflow-runs',
  access,
  tag,
  summary: 'List workflow runs, the latest first',
  description:
    'Runs that were open at some time of the range. Operators also see runs that span organisations. Closed runs are listed for the retention period of the Temporal namespace.',
  query: runsQuery,
  answers: { 200: { description: 'A page of runs.', schema: pageSchema(runSchema) } },
  async handle(context, { query }) {
    const range = await resolveRange(dbOf(context.em), query, context.caller.timeZone, new Date());
    const { type, status, cursor, limit } = query;
    const { runs, nextCursor } = await listRuns(context, { range, type, status, cursor, limit });
    const progress = await progressOfAll(
      context,
      runs.filter((run) => run.closedAt === null),
    );
    const data = runs.map((run) => presentRun(context, run, progress.get(run.runId) ?? null));
    return { status: 200, body: { data, next_cursor: nextCursor, range: presentRange(range) } };
  },
});

const detail = defineRoute({
  method: 'GET',
  path: '/workflow-runs/:id',
  access,
  tag,
  summary: 'Get the latest run of a workflow with its progress',
  answers: { 200: { description: 'The run.', schema: runDetailSchema } },
  example,
  async handle(context, { params }) {
    const found = await findRun(context, params.id);
    const { workflowId, runId, type, startTime, closeTime } = found;
    const status = statusOf(found.status);
    const progress = await runProgress(context, { workflowId, runId });
    const outcome = await outcomeOf(context, { workflowId, runId, status });
    const run = { workflowId, runId, type, status, startedAt: startTime, closedAt: closeTime ?? null };
    return { status: 200, body: { ...presentRun(context, run, progress), ...outcome } };
  },
});

/** The result or the error of a closed run. */
async function outcomeOf(
  { deps }: RequestContext,
  { workflowId, runId, status }: Pick<ListedRun, 'workflowId' | 'runId' | 'status'>,
): Promise<{ result: unknown; error: string | null }> {
  if (status !== 'completed' && status !== 'failed') return { result: null, error: null };
  try {
    const handle = deps.temporal.workflow.getHandle(workflowId, runId, { followRuns: false });
    return { result: inSnakeCase(await askTemporal(deps.temporal, () => handle.result())) ?? null, error: null };
  } catch (error) {
    if (error instanceof WorkflowFailedError) return { result: null, error: rootCause(error).message };
    throw error;
  }
}

/** Temporal's wrappers name the failed activity or workflow; the root cause holds the reason. */
function rootCause(error: Error): Error {
  return error.cause instanceof Error ? rootCause(error.cause) : error;
}

const AUDIT_ACTIONS = {
  cancel: 'workflow_run.cancelled',
  pause: 'workflow_run.paused',
  resume: 'workflow_run.resumed',
} as const;

const SUMMARIES: Readonly<Record<Control, string>> = {
  cancel: 'Cancel a run; completed work stays',
  pause: 'Pause a run',
  resume: 'Resume a paused run',
};

function controlRoute(control: Control): Route {
  return defineRoute({
    method: 'POST',
    path: `/workflow-runs/:id/${control}`,
    access,
    tag,
    summary: SUMMARIES[control],
    answers: { 202: { description: 'The request was delivered to the run.', schema: startedSchema } },
    faults: ['conflict'],
    example,
    async handle(context, { params }) {
      const { runId, status } = await controlRun(context, params.id, control);
      await context.audit(context.em, AUDIT_ACTIONS[control], params.id, { run_id: runId });
      const body = presentControlled(context, { workflowId: params.id, runId, status: statusOf(status) });
      return { status: 202, body };
    },
  });
}

export const workflowRunRoutes: readonly Route[] = [list, ...startRoutes, detail, ...CONTROLS.map(controlRoute)];
