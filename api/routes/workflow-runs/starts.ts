import { z } from 'zod';
import { runs } from '../../../shared/contracts/runs.ts';
import { validationError } from '../../../shared/errors.ts';
import { startRun } from '../../../shared/jobs/start-run.ts';
import { askTemporal } from '../../../shared/jobs/temporal-calls.ts';
import { retentionByHand } from '../../../shared/retention/by-hand.ts';
import { type StartedRun, taskQueues } from '../../../shared/temporal.ts';
import { datesFault, daySpanShape } from '../../http/day-span.ts';
import { defineRoute, type RequestContext, type Route } from '../../route.ts';
import { presentStarted } from './present.ts';
import { startedSchema } from './schema.ts';

/** Options of every `POST /workflow-runs/<name>`. */
const startOptions = {
  method: 'POST',
  access: { least: 'admin', scope: 'settings' },
  tag: 'Workflow runs',
  answers: { 202: { description: 'The run has started.', schema: startedSchema } },
} as const;

/** Starts a run and records it in the audit log. */
function startByHand(context: RequestContext, body: object, start: () => Promise<StartedRun>) {
  return context.once(async (em) => {
    const run = await askTemporal(context.deps.temporal, start);
    await context.audit(em, 'workflow_run.started', run.workflowId, body);
    return { status: 202 as const, body: presentStarted(context, run) };
  });
}

const retention = defineRoute({
  ...startOptions,
  path: '/workflow-runs/retention',
  summary: 'Apply the retention settings now',
  description:
    'The same as the daily run. A second call joins a running one. Under legal hold it removes nothing and reports so. A dry run changes nothing; its counts are in `progress` and `result`.',
  body: z.strictObject({
    dry_run: z.boolean().default(false).meta({ description: 'Only count the rows and estimate the bytes to remove.' }),
  }),
  example: { body: { dry_run: true } },
  handle: (context, { body }) => {
    const { deps, caller } = context;
    const { orgId, userId, name, role } = caller.credential;
    const request = { orgId, dryRun: body.dry_run, days: null, actor: userId ?? name, actorRole: role };
    return startByHand(context, body, () =>
      startRun(deps.temporal, taskQueues(deps.config), 'retentionCleanup', retentionByHand(request)),
    );
  },
});

const rollup = defineRoute({
  ...startOptions,
  path: '/workflow-runs/rollup',
  summary: 'Refresh the dirty rollup buckets now',
  description:
    'The same as the run of every minute. Answers are exact without it: dirty buckets are read from the facts.',
  body: z.strictObject({}),
  example: { body: {} },
  handle: (context, { body }) => {
    const { deps, caller } = context;
    return startByHand(context, body, () =>
      startRun(deps.temporal, taskQueues(deps.config), 'rollup', { orgId: caller.credential.orgId }),
    );
  },
});

const verify = defineRoute({
  ...startOptions,
  path: '/workflow-runs/verify',
  summary: 'Verify the rollups against the facts',
  description: 'The same as the weekly run. Its `result` lists each table, day and grain that differs.',
  body: z.strictObject({}),
  example: { body: {} },
  handle: (context, { body }) => {
    const { deps, caller } = context;
    return startByHand(context, body, () =>
      startRun(deps.temporal, taskQueues(deps.config), 'verifyRollups', { orgId: caller.credential.orgId }),
    );
  },
});

const backfill = defineRoute({
  ...startOptions,
  path: '/workflow-runs/backfill',
  summary: 'Recompute the rollups and system metrics of a span of days',
  description:
    'Local days, both bounds inclusive, one after the other; `force` also recomputes existing days. It can be paused, resumed and cancelled; each day is complete by itself.',
  body: z.strictObject(daySpanShape),
  example: { body: { start_date: '2026-11-01', end_date: '2026-11-02', force: true } },
  async handle(context, { body }) {
    const { start_date: startDate, end_date: endDate, force } = body;
    const fault = datesFault(startDate, endDate);
    if (fault) throw validationError([fault]);
    const { deps, caller } = context;
    const span = { orgId: caller.credential.orgId, startDate, endDate, force };
    return startByHand(context, body, () => startRun(deps.temporal, taskQueues(deps.config), 'backfill', span));
  },
});

/** Runs that a client can start. */
export const startRoutes: readonly Route[] = [rollup, backfill, verify, retention];

/** Workflows that handle the signals `pause` and `resume`. */
export const PAUSABLE_TYPES: ReadonlySet<string> = new Set(
  Object.entries(runs).flatMap(([name, { isPausable }]) => (isPausable ? [name] : [])),
);
