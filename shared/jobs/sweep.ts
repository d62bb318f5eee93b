import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import type { JobOutcome, SweepResult } from '../contracts/jobs.ts';
import { runDefinition, type StartedBy } from '../contracts/runs.ts';
import { dbOf, type Orm } from '../db/orm.ts';
import type { Log } from '../log.ts';
import type { Storage } from '../storage/storage.ts';
import type { TaskQueues } from '../temporal.ts';
import { workflowIdOf } from './job-handle.ts';
import type { JobKind, JobRef, JobRow } from './job-kind.ts';
import { listOpenJobs } from './open-jobs.ts';
import { startJob } from './start-job.ts';
import { isTemporalUnavailable, withTemporalDeadline } from './temporal-calls.ts';

/** Younger jobs may be between their row and their start. */
const PENDING_GRACE_MS = 15_000;
const PAGE = 200;
/** A fraction of the activity's timeout: one removal may take as long again. */
const FILES_WITHIN_MS = 60_000;

export interface SweepDeps {
  orm: Orm;
  client: Client;
  queues: TaskQueues;
  storage: Storage;
  log: Log;
  /** Ends the round between two jobs. */
  signal: AbortSignal;
}

/**
 * Reconciles the rows of one kind of job with their workflows, after a crash, an operator or time separated them: starts
 * what has no workflow, and closes (or starts again) what Temporal ended. A job that fails is logged and counted, and
 * does not hold up the others.
 * @param result counts as it goes
 * @throws where Temporal is out of reach: the round is over for all
 */
export async function sweepRows<Name extends StartedBy<'job'>, Row extends JobRow>(
  deps: SweepDeps,
  kind: JobKind<Name, Row>,
  result: SweepResult,
): Promise<void> {
  const createdBefore = new Date(Date.now() - PENDING_GRACE_MS);
  const pages = (after: JobRef | null) =>
    listOpenJobs(dbOf(deps.orm.em.fork()), { table: kind.table, createdBefore, after, limit: PAGE });
  for await (const ref of paged(pages)) {
    await alone(deps, result, { ref, failure: `one ${kind.noun} was not swept` }, () =>
      sweepOne(deps, kind, ref, result),
    );
  }
}

/**
 * Removes files of closed jobs that nobody may read any more. It ends after a while, so that storage that does not
 * respond does not cost the rows their next round, which continues here.
 * @param result counts as it goes
 */
export async function removeObsoleteFiles<Name extends StartedBy<'job'>, Row extends JobRow>(
  deps: SweepDeps,
  { noun, obsoleteFiles }: JobKind<Name, Row>,
  result: SweepResult,
): Promise<void> {
  if (!obsoleteFiles) return;
  const { orm, storage } = deps;
  const until = Date.now() + FILES_WITHIN_MS;
  for await (const ref of paged((after) => obsoleteFiles.list(orm.em.fork(), after, PAGE))) {
    if (Date.now() > until) return;
    await alone(deps, result, { ref, failure: `one ${noun} kept its files` }, async () => {
      await storage.removeFolder(obsoleteFiles.folder(ref));
      await obsoleteFiles.noteRemoved(orm.em.fork(), ref);
      result.filesRemoved += 1;
    });
  }
}

async function* paged(list: (after: JobRef | null) => Promise<JobRef[]>): AsyncGenerator<JobRef> {
  let page: JobRef[];
  let after: JobRef | null = null;
  do {
    page = await list(after);
    yield* page;
    after = page.at(-1) ?? null;
  } while (page.length === PAGE);
}

async function alone(
  { signal, log }: SweepDeps,
  result: SweepResult,
  { ref, failure }: { ref: JobRef; failure: string },
  work: () => Promise<void>,
): Promise<void> {
  signal.throwIfAborted();
  try {
    await work();
  } catch (error) {
    if (isTemporalUnavailable(error)) throw error;
    log.error({ err: error, orgId: ref.orgId, id: ref.id }, failure);
    result.failed += 1;
  }
}

async function sweepOne<Name extends StartedBy<'job'>, Row extends JobRow>(
  deps: SweepDeps,
  kind: JobKind<Name, Row>,
  ref: JobRef,
  result: SweepResult,
): Promise<void> {
  const row = await kind.read(deps.orm.em.fork(), ref);
  if (!row) return;
  const status = await workflowStatus(deps, workflowIdOf(kind, row, deps.queues));
  if (status === 'RUNNING' || status === 'PAUSED') return;
  // The workflow of a job that was resumed ended before that: it is started again.
  const isResumed = row.status === 'pending' && !row.runId && runDefinition(kind.run).closedId === 'again';
  if (status !== null && kind.close && !isResumed) {
    if (await close(deps, kind, row, endedOutcome(status, kind.remedy))) result.closed += 1;
    return;
  }
  // Never started, or lost with Temporal's database, or of a kind that is started again; what it did so far is kept.
  const stores = { em: deps.orm.em.fork(), storage: deps.storage };
  const readiness = kind.readiness ? await kind.readiness(stores, row) : 'ready';
  if (readiness === 'not-yet') return;
  if (readiness === 'never') {
    const failure = { code: 'NEVER_STARTED', message: `The ${kind.noun} was never started. ${kind.remedy}` };
    if (await close(deps, kind, row, { status: 'failed', failure })) result.closed += 1;
    return;
  }
  try {
    await startJob({ client: deps.client, queues: deps.queues, em: deps.orm.em.fork() }, kind, row);
    result.started += 1;
  } catch (error) {
    // Its workflow closed between the two calls; the next round closes the row if need be.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

async function close<Name extends StartedBy<'job'>, Row extends JobRow>(
  { orm, storage, log }: SweepDeps,
  kind: JobKind<Name, Row>,
  row: Row,
  outcome: JobOutcome,
): Promise<boolean> {
  const closed = (await kind.close?.({ em: orm.em.fork(), storage }, row, outcome)) ?? false;
  if (closed) log.warn({ orgId: row.orgId, id: row.id, outcome }, `closed one ${kind.noun} that has no open workflow`);
  return closed;
}

/** What Temporal calls the state of a workflow; null where it knows none of this id. */
async function workflowStatus({ client }: SweepDeps, workflowId: string): Promise<string | null> {
  try {
    const { status } = await withTemporalDeadline(client, () => client.workflow.getHandle(workflowId).describe());
    return status.name;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

function endedOutcome(status: string, remedy: string): JobOutcome {
  if (status === 'CANCELLED') return { status: 'cancelled' };
  const ended = status.toLowerCase().replaceAll('_', ' ');
  const message = `Its workflow was ${ended} in Temporal before it was done. ${remedy}`;
  return { status: 'failed', failure: { code: `WORKFLOW_${status}`, message } };
}
