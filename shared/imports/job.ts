import { dbOf } from '../db/orm.ts';
import type { JobKind, JobRow } from '../jobs/job-kind.ts';
import { isOpen } from '../jobs/states.ts';
import { pgTime } from '../pg-time.ts';
import { closeImportRow, noteImportRun, readImport } from './import-rows.ts';
import { importFolder } from './keys.ts';

/** No command copies a file for longer. */
const COPY_WITHIN_MS = 24 * 60 * 60 * 1000;

/** An import as the sweep and the command line start it. */
export interface ImportJob extends JobRow {
  fileName: string;
  /** Where its file is, or will be, in the storage. */
  sourceKey: string;
  createdAt: Date;
}

/**
 * Imports as jobs. The command stores the row, copies the file and starts the workflow; where it died
 * after the copy, the sweep starts it. One that ended otherwise is closed; the same command resumes it.
 */
export const importJob: JobKind<'importFile', ImportJob> = {
  noun: 'import',
  table: 'imports',
  run: 'importFile',
  remedy: 'The same command resumes it.',
  input: ({ orgId, id, fileName }) => ({ orgId, importId: id, fileName }),
  extras: ({ orgId, id }) => ({ staticDetails: `Import ${id} of organisation ${orgId}` }),

  async read(em, { orgId, id }) {
    const row = await readImport(dbOf(em), { orgId, importId: id });
    if (!row) return null;
    const { status, run_id: runId, file_name: fileName, source_key: sourceKey, created_at: createdAt } = row;
    return { orgId, id, status, runId, fileName, sourceKey, createdAt: pgTime(createdAt) };
  },

  noteRun: (em, { orgId, id }, runId) => noteImportRun(dbOf(em), { orgId, importId: id }, runId),

  /** A file appears in the storage whole, so its presence says that the command has copied it. */
  async readiness({ storage }, { sourceKey, createdAt, status }) {
    if (status === 'running' || (await storage.size(sourceKey)) !== null) return 'ready';
    return Date.now() - createdAt.getTime() > COPY_WITHIN_MS ? 'never' : 'not-yet';
  },

  /** Files before the row: where their removal fails, the import is still open in the next round. */
  async close({ em, storage }, { orgId, id, runId }, outcome) {
    const ref = { orgId, importId: id };
    const row = await readImport(dbOf(em), ref);
    if (!row || !isOpen(row.status) || row.run_id !== (runId ?? null)) return false;
    await storage.removeFolder(importFolder(ref));
    return closeImportRow(dbOf(em), ref, outcome, runId ?? null);
  },
};
