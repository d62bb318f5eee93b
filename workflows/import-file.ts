import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { ImportCounts, ImportFailure, ImportInput } from '../shared/contracts/imports.ts';
import { brief, heavy } from './options.ts';

/**
 * Imports one file: its records, then a file of those that were refused. How far it is stands in its row, saved with
 * the records themselves, so whatever is killed goes on from there and stores nothing twice.
 * @returns null where it was done before
 */
export async function importFile({ heavyTaskQueue, ...input }: ImportInput): Promise<ImportCounts | null> {
  const ref = { orgId: input.orgId, importId: input.importId };
  const rows = proxyActivities<Activities>({ ...brief });
  // A file may hold a billion lines; an attempt that takes too long is followed by one that goes on.
  const files = proxyActivities<Activities>({ ...heavy, scheduleToCloseTimeout: '7d', taskQueue: heavyTaskQueue });
  try {
    if (!(await rows.beginImport(ref))) return null;
    setCurrentDetails('**storing records**; how far it is stands in the heartbeats of importRecords');
    await files.importRecords(ref);
    setCurrentDetails('**writing the rejected lines**');
    const rejectsKey = await files.writeRejects(ref);
    const counts = await rows.finishImport(ref, rejectsKey);
    setCurrentDetails(`**done**: ${counts.accepted} accepted, ${counts.duplicates} known, ${counts.rejected} rejected`);
    return counts;
  } catch (error) {
    const status = isCancellation(error) ? 'cancelled' : 'failed';
    // Outside the cancelled scope: the row must be closed also, and just, when nobody wants the import any more.
    await CancellationScope.nonCancellable(() =>
      rows.closeImport(ref, status, status === 'failed' ? failureOf(error) : null),
    );
    throw error;
  }
}

/** The innermost reason, which is ours: what Temporal wraps around it says where, not why. */
function failureOf(error: unknown): ImportFailure {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure) return { code: cause.type ?? 'FAILED', message: cause.message };
  return { code: 'FAILED', message: cause instanceof Error ? cause.message : String(cause) };
}
