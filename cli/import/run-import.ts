import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { v5 as uuidv5 } from 'uuid';
import type { ImportFormat, ImportMapping, ImportRef } from '../../shared/contracts/imports.ts';
import { type Db, dbOf } from '../../shared/db/orm.ts';
import { type Fingerprint, fingerprint } from '../../shared/imports/content.ts';
import { type ImportRow, keepImport, readImport } from '../../shared/imports/import-rows.ts';
import { importSourceKey } from '../../shared/imports/keys.ts';
import { checkFields, mapColumns } from '../../shared/imports/mapping.ts';
import { CliError } from '../cli-error.ts';
import type { ImportDeps } from './deps.ts';
import { followImport } from './follow.ts';
import { csvHeader, formatOf, type ImportSource } from './source.ts';

/** Namespace of the ids, which are derived from organisation, content and mapping (RFC 9562, version 5). */
const IMPORT_NAMESPACE = '0b6d3a52-6f0e-4c1c-9a53-0d7c1f2e6b11';

export interface ImportRequest {
  orgId: string;
  source: ImportSource;
  /** Undefined: derived from the file name. */
  format: ImportFormat | undefined;
  mapping: ImportMapping;
}

export interface ImportOutcome {
  importId: string;
  row: ImportRow;
  /** True if the file was imported before and nothing was stored now. */
  isRepeat: boolean;
}

/**
 * Imports a file and waits for the end: hash → row → copy to the storage → workflow. The same file with the same
 * mapping is the same import: a completed one is not repeated, an incomplete one resumes. If this process dies after
 * the copy, the job sweep starts the workflow.
 * @throws TidemarkError `validation`; CliError if it cannot be imported, failed, or was cancelled
 */
export async function runImport(deps: ImportDeps, request: ImportRequest): Promise<ImportOutcome> {
  const { orgId, source, mapping } = request;
  const db = dbOf(deps.orm.em.fork());
  const format = request.format ?? formatOf(source.name);
  checkFields(mapping);
  const { header, position } =
    format === 'csv' ? await csvHeader(source) : { header: null, position: { bytes: 0, line: 0 } };
  if (header) mapColumns(header, mapping);
  const file = await readThrough(deps, source);
  const ref: ImportRef = { orgId, importId: importId(orgId, file.contentSha256, format, mapping) };
  await keepImport(db, {
    ...ref,
    file_name: source.name,
    source_key: source.storageKey ?? importSourceKey(ref),
    source_is_copy: source.storageKey === null,
    is_gzip: file.isGzip,
    format,
    mapping,
    header,
    content_sha256: file.contentSha256,
    contentBytes: file.contentBytes,
    position,
  });
  const kept = await requireRow(db, ref);
  if (kept.status === 'completed') return { importId: ref.importId, row: kept, isRepeat: true };
  await provideCopy(deps, source, file, kept);
  await followImport(deps, ref);
  return { importId: ref.importId, row: await requireRow(db, ref), isRepeat: false };
}

/** Derives the id from organisation, content and mapping, independent of the order of the options. */
function importId(orgId: string, contentSha256: string, format: ImportFormat, mapping: ImportMapping): string {
  const sorted = (entries: Readonly<Record<string, string>>) =>
    Object.entries(entries).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const { fields, constants, skipped } = mapping;
  const name = [orgId, contentSha256, format, sorted(fields), sorted(constants), skipped.toSorted()];
  return uuidv5(JSON.stringify(name), IMPORT_NAMESPACE);
}

async function readThrough({ signal, onProgress }: ImportDeps, source: ImportSource): Promise<Fingerprint> {
  let bytes = 0;
  try {
    return await fingerprint(source.open(), {
      signal,
      onBytes(count) {
        bytes += count;
        onProgress('Reading', (100 * bytes) / source.sizeBytes, megabytes(bytes));
      },
    });
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')) {
      throw new CliError(`${source.name} is not valid gzip: ${error.message}`);
    }
    throw error;
  }
}

/** Copies the file to the worker's storage, unless it exists there. A file that changed since it was hashed is not stored. */
async function provideCopy(deps: ImportDeps, source: ImportSource, file: Fingerprint, row: ImportRow): Promise<void> {
  const { storage, signal, onProgress } = deps;
  if (!row.source_is_copy || (await storage.size(row.source_key)) === file.sizeBytes) return;
  let bytes = 0;
  await storage.write(row.source_key, Readable.from(unchanged(source, file.sha256)), {
    signal,
    onChunk(chunk) {
      bytes += chunk.length;
      onProgress('Copying', (100 * bytes) / file.sizeBytes, megabytes(bytes));
    },
  });
}

/** @throws CliError after the last chunk if the hash differs; the storage then publishes no file */
async function* unchanged(source: ImportSource, sha256: string): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  for await (const chunk of source.open()) {
    hash.update(chunk);
    yield chunk;
  }
  if (hash.digest('hex') === sha256) return;
  throw new CliError(`${source.name} changed while it was read. Import it after it is complete.`);
}

async function requireRow(db: Db, ref: ImportRef): Promise<ImportRow> {
  const row = await readImport(db, ref);
  if (!row) throw new CliError(`Import ${ref.importId} was deleted.`);
  return row;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
