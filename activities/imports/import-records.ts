import { Context } from '@temporalio/activity';
import type { ImportRef } from '../../shared/contracts/imports.ts';
import { dbOf, type Orm } from '../../shared/db/orm.ts';
import { contentFrom } from '../../shared/imports/content.ts';
import { type ImportPosition, type ImportRow, readImport } from '../../shared/imports/import-rows.ts';
import { type Chunk, chunksOf } from '../../shared/imports/lines.ts';
import { importReceiver } from '../../shared/imports/receiver.ts';
import { createRecordReader, type LineRecord } from '../../shared/imports/records.ts';
import type { Storage } from '../../shared/storage/storage.ts';
import { createPartitionCache, isPartitionMissing } from '../../shared/telemetry/partition-cache.ts';
import { prepareBatch } from '../../shared/telemetry/prepare.ts';
import { permanent } from '../failures.ts';
import { beating } from '../heartbeat.ts';
import { type PreparedChunk, storeChunk } from './store-chunk.ts';

/** Of 2,000 to 20,000 lines the speed is the same; a killed worker costs one chunk, a cancellation waits for one. */
const CHUNK_LINES = 5_000;
const CHUNK_BYTES = 8 * 1024 * 1024;

export interface ImportDependencies {
  orm: Orm;
  storage: Storage;
  /** The installation's, for pseudonyms. */
  secret: string;
}

/** @throws ApplicationFailure where the import is not under way */
export async function openImport(orm: Orm, ref: ImportRef): Promise<ImportRow> {
  const row = await readImport(dbOf(orm.em.fork()), ref);
  if (row?.status !== 'running') throw permanent('IMPORT_CLOSED', `Import ${ref.importId} is ${row?.status ?? 'gone'}`);
  return row;
}

/**
 * Stores a file's records from where the import stands to the end, chunk by chunk. While one is stored the next is
 * read, so that this process and the database work side by side.
 */
export async function importRecords(deps: ImportDependencies, ref: ImportRef): Promise<void> {
  const row = await openImport(deps.orm, ref);
  if ((await deps.storage.size(row.source_key)) === null) {
    throw permanent(
      'FILE_MISSING',
      `${row.source_key} is not in the worker's storage; configure the same storage for the worker and the command`,
    );
  }
  let position: ImportPosition = row.position;
  const signal = Context.current().cancellationSignal;
  await beating(
    () => ({ ...position, ofBytes: row.contentBytes }),
    async () => {
      const prepare = createPreparation(deps, ref, row);
      let read = row.position;
      let storing: Promise<void> = Promise.resolve();
      try {
        for await (const chunk of chunks(deps.storage, row, signal)) {
          const prepared = await prepare(read, chunk);
          read = chunk.end;
          await storing;
          signal.throwIfAborted();
          storing = storeChunk(deps.orm, ref, prepared).then(() => {
            position = prepared.end;
          });
          // Heard of when it is awaited; until then it must not count as unhandled.
          storing.catch(() => undefined);
        }
      } finally {
        await storing;
      }
    },
  ).catch((error: unknown) => {
    throw hopeless(error) ?? error;
  });
}

function chunks(storage: Storage, row: ImportRow, signal: AbortSignal): AsyncGenerator<Chunk> {
  const content = contentFrom(storage, {
    key: row.source_key,
    isGzip: row.is_gzip,
    from: row.position.bytes,
    signal,
  });
  const limits = { maxLines: CHUNK_LINES, maxBytes: CHUNK_BYTES };
  return chunksOf(content, { from: row.position, quoted: row.format === 'csv', ...limits });
}

function createPreparation({ orm, secret }: ImportDependencies, ref: ImportRef, row: ImportRow) {
  const db = dbOf(orm.em.fork());
  const partitions = createPartitionCache();
  const readRecords = createRecordReader({
    mapping: row.mapping,
    header: row.header,
    contentSha256: row.content_sha256,
  });
  return async (from: ImportPosition, { lines, end }: Chunk): Promise<PreparedChunk> => {
    const records = readRecords(lines);
    const readable = records.filter((record): record is LineRecord & { raw: unknown } => 'raw' in record);
    const raws = readable.map(({ raw }) => raw);
    const batch = prepareBatch(raws, await importReceiver(db, ref.orgId, secret), new Date());
    await partitions.ensureFor(db, batch);
    return {
      from,
      end,
      batch,
      lines: readable.map(({ line }) => line),
      unreadable: records.flatMap((record) =>
        'errors' in record ? [{ line: record.line.number, errors: record.errors, record: record.line.text }] : [],
      ),
    };
  };
}

/** What no retry can help: broken gzip, and values that PostgreSQL refuses (classes 22 and 23 of its codes). */
function hopeless(error: unknown): Error | null {
  if (!(error instanceof Error)) return null;
  const code = 'code' in error ? String(error.code) : '';
  if (code.startsWith('Z_')) return permanent('FILE_BROKEN', `The file cannot be unpacked: ${error.message}`);
  // The next attempt makes it.
  if (isPartitionMissing(error)) return null;
  if (/^2[23][0-9A-Z]{3}$/.test(code)) return permanent('REFUSED', `The database refused a record: ${error.message}`);
  return null;
}
