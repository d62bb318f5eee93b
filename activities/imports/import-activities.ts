import { Context } from '@temporalio/activity';
import type { ImportCounts, ImportFailure, ImportRef } from '../../shared/contracts/imports.ts';
import { copyOut } from '../../shared/db/copy-out.ts';
import { dbOf } from '../../shared/db/orm.ts';
import { beginImport, completeImport, readImport, stopImport } from '../../shared/imports/import-rows.ts';
import { importFolder, importRejectsKey } from '../../shared/imports/keys.ts';
import { forgetRejects, rejectedEntries } from '../../shared/imports/rejects.ts';
import type { Log } from '../../shared/log.ts';
import { permanent } from '../failures.ts';
import { beating } from '../heartbeat.ts';
import { type ImportDependencies, importRecords, openImport } from './import-records.ts';

/** What the workflow of an import has done for it. Each can be repeated at any point. */
export function createImportActivities(deps: ImportDependencies & { log: Log }) {
  const { orm, storage, log } = deps;
  return {
    /** Notes that the work begins or goes on. @returns false where it is done already */
    async beginImport(ref: ImportRef): Promise<boolean> {
      return beginImport(dbOf(orm.em.fork()), ref);
    },

    /** Stores the file's records, from where an earlier attempt came to. */
    async importRecords(ref: ImportRef): Promise<void> {
      return importRecords(deps, ref);
    },

    /** Writes the rejected lines to a file. @returns its key in the storage; null where all lines were taken */
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

    /** Closes an import that came to its end; what it needed on the way is removed after that. */
    async finishImport(ref: ImportRef, rejectsKey: string | null): Promise<ImportCounts> {
      const db = dbOf(orm.em.fork());
      if (!(await completeImport(db, ref, rejectsKey))) {
        throw permanent('IMPORT_CLOSED', `Import ${ref.importId} was closed`);
      }
      const row = await readImport(db, ref);
      if (!row) throw permanent('IMPORT_GONE', `Import ${ref.importId} was deleted`);
      await forgetRejects(db, ref);
      if (row.source_is_copy) await storage.removeFile(row.source_key);
      log.info({ ...ref, ...row.counts }, 'import completed');
      return row.counts;
    },

    /** Closes an import that did not come to its end. Its copy of the file goes; the same command brings it again. */
    async closeImport(ref: ImportRef, status: 'failed' | 'cancelled', failure: ImportFailure | null): Promise<void> {
      await stopImport(dbOf(orm.em.fork()), ref, status, failure);
      const row = await readImport(dbOf(orm.em.fork()), ref);
      if (row?.status !== 'completed') await storage.removeFolder(importFolder(ref));
      log.info({ ...ref, status, failure }, 'import closed');
    },
  };
}
