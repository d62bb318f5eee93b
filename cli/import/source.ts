import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import type { ImportFormat } from '../../shared/contracts/imports.ts';
import { unpackedContent } from '../../shared/imports/content.ts';
import type { ImportPosition } from '../../shared/imports/import-rows.ts';
import { chunksOf } from '../../shared/imports/lines.ts';
import { readHeader } from '../../shared/imports/records.ts';
import type { Storage } from '../../shared/storage/storage.ts';
import { CliError, reasonOf } from '../cli-error.ts';

const READ_AHEAD_BYTES = 1024 * 1024;
const HEADER_BYTES = 16 * 1024 * 1024;

/** The file to import: local or in the storage. */
export interface ImportSource {
  name: string;
  /** Its key in the storage; null for a local file. */
  storageKey: string | null;
  sizeBytes: number;
  open(): Readable;
}

/** @throws CliError if it cannot be read */
export async function localSource(path: string): Promise<ImportSource> {
  const found = await stat(path).catch((error: unknown) => {
    throw new CliError(`${path} cannot be read: ${reasonOf(error)}`);
  });
  if (!found.isFile()) throw new CliError(`${path} is not a file.`);
  return {
    name: basename(path),
    storageKey: null,
    sizeBytes: found.size,
    open: () => createReadStream(path, { highWaterMark: READ_AHEAD_BYTES }),
  };
}

/** @throws CliError if the storage has no such file */
export async function storedSource(storage: Storage, key: string): Promise<ImportSource> {
  const sizeBytes = await storage.size(key);
  if (sizeBytes === null) throw new CliError(`File ${key} does not exist in the storage.`);
  return { name: basename(key), storageKey: key, sizeBytes, open: () => storage.read(key) };
}

/** Determines the format from the file name. @throws CliError if the extension is unknown */
export function formatOf(name: string): ImportFormat {
  const ending = /\.(\w+)(\.gz)?$/.exec(name.toLowerCase())?.[1];
  if (ending === 'csv') return 'csv';
  if (ending === 'ndjson' || ending === 'jsonl' || ending === 'json') return 'ndjson';
  throw new CliError(`The format of ${name} is unknown: use --format ndjson or --format csv.`);
}

/** Reads a CSV's column names and the position of its first record. @throws CliError if there are none */
export async function csvHeader(source: ImportSource): Promise<{ header: string[]; position: ImportPosition }> {
  const file = source.open();
  try {
    const content = await unpackedContent(file);
    const options = { from: { bytes: 0, line: 0 }, quoted: true, maxLines: 1, maxBytes: HEADER_BYTES };
    for await (const { lines, end } of chunksOf(content, options)) {
      const text = lines[0]?.text;
      if (text) return { header: readHeader(text), position: end };
    }
  } finally {
    file.destroy();
  }
  throw new CliError(`${source.name} has no header: the first line of a CSV must contain the column names.`);
}
