import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { ImportCounts, ImportInput } from '../shared/contracts/imports.ts';
import { closedOnFailure } from './job-outcome.ts';
import { brief, onHeavyQueue } from './options.ts';

/**
 * Imports one file: its records, then a file of the rejected lines. The position is stored in the import's row, in the
 * transactions that store the records, so a killed worker's successor resumes there and stores nothing twice.
 * @returns null where the import was completed before
 */
export async function importFile({ orgId, importId }: ImportInput): Promise<ImportCounts | null> {
  const ref = { orgId, importId };
  const rows = proxyActivities<Activities>({ ...brief });
  // A file may hold a billion lines; an attempt that takes too long is followed by one that resumes.
  const files = proxyActivities<Activities>({ ...onHeavyQueue(), scheduleToCloseTimeout: '7d' });
  return closedOnFailure(
    async () => {
      if (!(await rows.beginImport(ref))) return null;
      setCurrentDetails('**storing records**; the position is in the heartbeats of importRecords');
      await files.importRecords(ref);
      setCurrentDetails('**writing the rejected lines**');
      const rejectsKey = await files.writeRejects(ref);
      const counts = await rows.finishImport(ref, rejectsKey);
      const { accepted, duplicates, rejected } = counts;
      setCurrentDetails(`**done**: ${accepted} accepted, ${duplicates} duplicates, ${rejected} rejected`);
      return counts;
    },
    (outcome) => rows.closeImport(ref, outcome.status, outcome.status === 'failed' ? outcome.failure : null),
  );
}
