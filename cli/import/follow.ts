import type { WorkflowFailedError } from '@temporalio/client';
import { type ImportRef, importWorkflowId } from '../../shared/contracts/imports.ts';
import { dbOf } from '../../shared/db/orm.ts';
import { closeImportRow, readImport } from '../../shared/imports/import-rows.ts';
import { importJob } from '../../shared/imports/job.ts';
import { importFolder } from '../../shared/imports/keys.ts';
import { startJob } from '../../shared/jobs/start-job.ts';
import { CliError } from '../cli-error.ts';
import { awaitRun } from '../runs/await-run.ts';
import type { ImportDeps } from './deps.ts';

/**
 * Starts the import's workflow, or joins its open run, and waits for the end; an abort cancels it.
 * @throws CliError if it failed or was cancelled
 */
export async function followImport(deps: ImportDeps, ref: ImportRef): Promise<void> {
  const { client, signal } = deps;
  if (signal.aborted) await cancelPending(deps, ref);
  signal.throwIfAborted();
  const workflowId = importWorkflowId(ref.importId);
  await ensureStarted(deps, ref);
  const end = await awaitRun(client, 'importFile', { workflowId }, { signal, look: () => showProgress(deps, ref) });
  // The run of an import that was closed meanwhile completes without importing.
  const row = end.status === 'completed' ? await readImport(dbOf(deps.orm.em.fork()), ref) : null;
  if (row?.status === 'completed') return;
  throw new CliError(await reasonOfEnd(deps, ref, end.status === 'failed' ? end.error : null));
}

async function ensureStarted({ client, queues, orm }: ImportDeps, ref: ImportRef): Promise<void> {
  const em = orm.em.fork();
  const job = await importJob.read(em, { orgId: ref.orgId, id: ref.importId });
  if (!job) throw new CliError(`Import ${ref.importId} was deleted.`);
  await startJob({ client, queues, em }, importJob, job);
}

/** Aborted before the start: closes the row, else the sweep would start the import. */
async function cancelPending({ orm, storage }: ImportDeps, ref: ImportRef): Promise<void> {
  const db = dbOf(orm.em.fork());
  const row = await readImport(db, ref);
  if (row?.status !== 'pending') return;
  await closeImportRow(db, ref, { status: 'cancelled' });
  await storage.removeFolder(importFolder(ref));
}

/** Shows the position stored in the row. */
async function showProgress({ orm, onProgress }: ImportDeps, ref: ImportRef): Promise<void> {
  const row = await readImport(dbOf(orm.em.fork()), ref);
  if (!row) return;
  const share = row.contentBytes === 0 ? 1 : row.position.bytes / row.contentBytes;
  const { accepted, duplicates, rejected } = row.counts;
  const detail = `line ${row.position.line}: ${accepted} accepted, ${duplicates} duplicates, ${rejected} rejected`;
  onProgress('Importing', row.status === 'completed' ? 100 : Math.min(99, 100 * share), detail);
}

async function reasonOfEnd({ orm }: ImportDeps, ref: ImportRef, error: WorkflowFailedError | null): Promise<string> {
  const row = await readImport(dbOf(orm.em.fork()), ref);
  const stored = row
    ? `${row.counts.accepted} records up to line ${row.position.line} are stored. Run the same command to resume.`
    : '';
  if (error === null) return `The import was cancelled. ${stored}`;
  return `The import failed: ${row?.error_message ?? error.cause?.message ?? error.message}. ${stored}`;
}
