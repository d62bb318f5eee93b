import { setTimeout as sleep } from 'node:timers/promises';
import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  type WorkflowHandle,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
} from '@temporalio/client';
import { type ImportInput, type ImportRef, importWorkflowId } from '../../shared/contracts/imports.ts';
import { WORKFLOWS } from '../../shared/contracts/workflow-names.ts';
import { dbOf } from '../../shared/db/orm.ts';
import { readImport } from '../../shared/imports/import-rows.ts';
import { kindAttribute, organisationAttribute } from '../../shared/temporal.ts';
import { CliError } from '../cli-error.ts';
import type { ImportDeps } from './deps.ts';

const LOOK_EVERY_MS = 250;
/** After what someone waits for, and after reports. */
const IMPORT_PRIORITY = 4;

/**
 * Starts the import's workflow, or finds the one that runs, and waits for its end; an abort cancels it.
 * @throws CliError where it failed or was cancelled
 */
export async function followImport(deps: ImportDeps, ref: ImportRef, fileName: string): Promise<void> {
  deps.signal.throwIfAborted();
  const handle = await startWorkflow(deps, ref, fileName);
  const ended = new AbortController();
  const cancel = () => {
    handle.cancel().catch(() => undefined);
  };
  deps.signal.addEventListener('abort', cancel, { once: true });
  const shown = showProgress(deps, ref, ended.signal);
  try {
    await handle.result();
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    throw new CliError(await whyItEnded(deps, ref, error));
  } finally {
    deps.signal.removeEventListener('abort', cancel);
    ended.abort();
    await shown;
  }
}

async function startWorkflow(
  { client, queues }: ImportDeps,
  ref: ImportRef,
  fileName: string,
): Promise<WorkflowHandle> {
  const input: ImportInput = { ...ref, fileName, heavyTaskQueue: queues.heavy };
  const workflowId = importWorkflowId(ref.importId);
  try {
    return await client.workflow.start(WORKFLOWS.importFile, {
      workflowId,
      taskQueue: queues.general,
      args: [input],
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
      // One that failed, was cancelled or terminated goes on; one that is done stays done.
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
      priority: { priorityKey: IMPORT_PRIORITY, fairnessKey: ref.orgId },
      staticSummary: `import of ${fileName}`.slice(0, 200),
      staticDetails: `Import ${ref.importId} of organisation ${ref.orgId}`,
      typedSearchAttributes: [
        { key: organisationAttribute, value: ref.orgId },
        { key: kindAttribute, value: 'import' },
      ],
    });
  } catch (error) {
    // It was done between our look at its row and this start.
    if (error instanceof WorkflowExecutionAlreadyStartedError) return client.workflow.getHandle(workflowId);
    throw error;
  }
}

/** Shows what the row says until the end. A look that fails shows nothing; the workflow tells what went wrong. */
async function showProgress({ orm, onProgress }: ImportDeps, ref: ImportRef, ended: AbortSignal): Promise<void> {
  const db = dbOf(orm.em.fork());
  while (!ended.aborted) {
    await sleep(LOOK_EVERY_MS, undefined, { signal: ended }).catch(() => undefined);
    const row = await readImport(db, ref).catch(() => null);
    if (!row) continue;
    const share = row.contentBytes === 0 ? 1 : row.position.bytes / row.contentBytes;
    const { accepted, duplicates, rejected } = row.counts;
    const detail = `line ${row.position.line}: ${accepted} accepted, ${duplicates} known, ${rejected} rejected`;
    onProgress('Importing', row.status === 'completed' ? 100 : Math.min(99, 100 * share), detail);
  }
}

async function whyItEnded({ orm }: ImportDeps, ref: ImportRef, error: WorkflowFailedError): Promise<string> {
  const row = await readImport(dbOf(orm.em.fork()), ref);
  const stored = row
    ? `${row.counts.accepted} records up to line ${row.position.line} are stored; the same command goes on from there.`
    : '';
  if (row?.status === 'cancelled') return `The import was cancelled. ${stored}`;
  return `The import failed: ${row?.error_message ?? error.cause?.message ?? error.message}. ${stored}`;
}
