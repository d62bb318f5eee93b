import { Context } from '@temporalio/activity';
import type { ImportCounts, ImportRef } from '../../shared/contracts/imports.ts';
import type { JobFailure, JobOutcome } from '../../shared/contracts/jobs.ts';
import { copyOut } from '../../shared/db/copy-out.ts';
import { dbOf } from '../../shared/db/orm.ts';
import { closeImportRow, completeImport, markImportRunning, readImport } from '../../shared/imports/import-rows.ts';
import { importFolder, importRejectsKey } from '../../shared/imports/keys.ts';
import { forgetRejects, rejectedEntries } from '../../shared/imports/rejects.ts';
import type { Log } from '../../shared/log.ts';
import { permanent } from '../failures.ts';
import { beating } from '../heartbeat.ts';
import { type ImportDependencies, importRecords, openImport } from './import-records.ts';

/** The activities of an import's workflow. Each can be repeated at any point. */
export function createImportActivities(deps: ImportDependencies & { log: Log }) {
  const { orm, storage, log } = deps;
  return {
    /** Begins or resumes the import. @returns false where it is completed */
    async beginImport(ref: ImportRef): Promise<boolean> {
      return markImportRunning(dbOf(orm.em.fork()), ref);
    },

    /** Stores the file's records, from the position of an earlier attempt. */
    async importRecords(ref: ImportRef): Promise<void> {
      return importRecords(deps, ref);
    },

    /** Writes the rejected lines to a file. @returns its key in the storage; null where no line was rejected */
    async writeRejects(ref: ImportRef): Promise<string | null> {
      const { counts } = await openImport(orm, ref);
      if (counts.rejected === 0) return null;
      const key = importRejectsKey(ref);
      const signal = Context.current().cancellationSignal;
      let bytes = 0;
      const onChunk = (chunk: Buffer) => {
        bytes += chunk.length;
      };
      await beating(
        () => ({ bytes }),
        () =>
          copyOut(orm, rejectedEntries(ref), 'lines', signal, (lines) =>
            storage.write(key, lines, { signal, onChunk }),
          ),
      );
      return key;
    },

    /** Completes an import; then removes its copy of the file and the rejected lines in the database. */
    async finishImport(ref: ImportRef, rejectsKey: string | null): Promise<ImportCounts> {
      const db = dbOf(orm.em.fork());
      await completeImport(db, ref, rejectsKey);
      const row = await readImport(db, ref);
      if (!row) throw permanent('IMPORT_GONE', `Import ${ref.importId} was deleted`);
      if (row.status !== 'completed') throw permanent('IMPORT_CLOSED', `Import ${ref.importId} was closed`);
      await forgetRejects(db, ref);
      if (row.source_is_copy) await storage.removeFile(row.source_key);
      log.info({ ...ref, ...row.counts }, 'import completed');
      return row.counts;
    },

    /** Closes an import that does not complete, and removes its copy of the file; the same command copies it again. */
    async closeImport(ref: ImportRef, status: 'failed' | 'cancelled', failure: JobFailure | null): Promise<void> {
      const outcome: JobOutcome = failure && status === 'failed' ? { status, failure } : { status: 'cancelled' };
      await closeImportRow(dbOf(orm.em.fork()), ref, outcome);
      const row = await readImport(dbOf(orm.em.fork()), ref);
      if (row?.status !== 'completed') await storage.removeFolder(importFolder(ref));
      log.info({ ...ref, status, failure }, 'import closed');
    },
  };
}
