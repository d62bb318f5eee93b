import type { Client } from '@temporalio/client';
import { z } from 'zod';
import { runs } from '../../../shared/contracts/runs.ts';
import { validationError } from '../../../shared/errors.ts';
import { startRun } from '../../../shared/jobs/start-run.ts';
import { retentionByHand } from '../../../shared/retention/by-hand.ts';
import { type StartedRun, taskQueues } from '../../../shared/temporal.ts';
import { datesFault, daySpanShape } from '../../http/day-span.ts';
import { parseFields, type RequestContext } from '../../route.ts';

/** Work that can be started by hand: `POST /workflow-runs/<name>`. */
export interface RunStart {
  name: string;
  summary: string;
  description: string;
  bodySchema: z.ZodObject;
  example: object;
  /** What the body asks for is checked before anything is begun. */
  start(client: Client, context: RequestContext, body: Record<string, unknown>): Promise<StartedRun>;
}

const retentionSchema = z.strictObject({
  dry_run: z.boolean().default(false).meta({ description: 'Only count what would go: rows, and bytes as estimated.' }),
});

const retention: RunStart = {
  name: 'retention',
  summary: 'Remove now what the retention settings do not keep',
  description:
    'As it is done every day. While one is under way a second call joins it. Under legal hold it removes nothing, and says so. A dry run changes nothing: its counts are in its `progress` and `result`.',
  bodySchema: retentionSchema,
  example: { dry_run: true },
  start(client, { deps, caller }, body) {
    const { dry_run: dryRun } = parseFields(retentionSchema, body);
    const { orgId, userId, name, role } = caller.credential;
    const input = retentionByHand({ orgId, dryRun, days: null, actor: userId ?? name, actorRole: role });
    return startRun(client, taskQueues(deps.config), 'retentionCleanup', input);
  },
};

const nothingSchema = z.strictObject({});

const rollup: RunStart = {
  name: 'rollup',
  summary: 'Refresh now what was written since the last rollup',
  description:
    'As it is done every minute. Answers are right without it: what is not refreshed is read from the facts.',
  bodySchema: nothingSchema,
  example: {},
  start: (client, { deps, caller }) =>
    startRun(client, taskQueues(deps.config), 'rollup', { orgId: caller.credential.orgId }),
};

const verify: RunStart = {
  name: 'verify',
  summary: 'Compare the rollups with the facts',
  description: 'As it is done every week. Its `result` lists each table, day and grain that differs.',
  bodySchema: nothingSchema,
  example: {},
  start: (client, { deps, caller }) =>
    startRun(client, taskQueues(deps.config), 'verifyRollups', { orgId: caller.credential.orgId }),
};

const backfillSchema = z.strictObject(daySpanShape);

const backfill: RunStart = {
  name: 'backfill',
  summary: 'Make the rollups and system metrics of some days anew',
  description:
    'Local days, both ends included, one after the other; `force` also makes anew what is there. It can be paused, resumed and cancelled; each day is right by itself.',
  bodySchema: backfillSchema,
  example: { start_date: '2026-11-01', end_date: '2026-11-02', force: true },
  start(client, { deps, caller }, body) {
    const { start_date: startDate, end_date: endDate, force } = parseFields(backfillSchema, body);
    const fault = datesFault(startDate, endDate);
    if (fault) throw validationError([fault]);
    return startRun(client, taskQueues(deps.config), 'backfill', {
      orgId: caller.credential.orgId,
      startDate,
      endDate,
      force,
    });
  },
};

/** Every kind of run that can be started by hand; one entry each. */
export const runStarts: readonly RunStart[] = [rollup, backfill, verify, retention];

/** Workflows that take the signals `pause` and `resume`. */
export const PAUSABLE_TYPES: ReadonlySet<string> = new Set(
  Object.entries(runs).flatMap(([name, { isPausable }]) => (isPausable ? [name] : [])),
);
