import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { v7 as uuidv7 } from 'uuid';

export interface StoredFile {
  sizeBytes: number;
  sha256: string;
}

export interface WriteFileOptions {
  signal?: AbortSignal;
  /** Called with each chunk as it passes. */
  onChunk?: (chunk: Buffer) => void;
}

/** Where report files are kept. Keys are relative paths, `org/report/name.csv`; a file is there whole or not at all. */
export interface Storage {
  /** Writes a file under a name that nobody sees until it is whole; an abort or a fault leaves nothing. */
  write(key: string, source: Readable, options?: WriteFileOptions): Promise<StoredFile>;
  /** Size in bytes; null where there is no such file. */
  size(key: string): Promise<number | null>;
  /** The file, or the bytes from `start` to `end`, both included. */
  read(key: string, range?: { start: number; end: number }): Readable;
  /** Removes a folder with all that is in it; nothing where there is none. */
  removeFolder(key: string): Promise<void>;
  /** Removes what is in a folder besides this file of it. */
  removeAllBut(fileKey: string): Promise<void>;
  removeFile(key: string): Promise<void>;
}

/** Storage in one folder that API and worker share. */
export function createLocalStorage(folder: string): Storage {
  const root = resolve(folder);
  const pathOf = (key: string) => {
    const path = resolve(root, key);
    if (!path.startsWith(root + sep)) throw new Error(`A storage key must stay inside the storage folder: ${key}`);
    return path;
  };
  return {
    async write(key, source, { signal, onChunk } = {}) {
      const path = pathOf(key);
      // Two attempts at one file may overlap for a moment: each writes a file of its own, the rename decides.
      const unfinished = `${path}.${uuidv7()}.unfinished`;
      await mkdir(dirname(path), { recursive: true });
      const hash = createHash('sha256');
      let sizeBytes = 0;
      const measure = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          hash.update(chunk);
          sizeBytes += chunk.length;
          onChunk?.(chunk);
          done(null, chunk);
        },
      });
      try {
        // Flushed before it is renamed: what is published must outlive the machine.
        const target = createWriteStream(unfinished, { flush: true });
        await pipeline(source, measure, target, signal ? { signal } : {});
        await rename(unfinished, path);
      } catch (error) {
        await rm(unfinished, { force: true });
        throw error;
      }
      return { sizeBytes, sha256: hash.digest('hex') };
    },
    async size(key) {
      const found = await stat(pathOf(key)).catch((error: unknown) => {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
        throw error;
      });
      return found?.size ?? null;
    },
    read: (key, range) => createReadStream(pathOf(key), range ?? {}),
    async removeFolder(key) {
      await rm(pathOf(key), { recursive: true, force: true });
    },
    async removeAllBut(fileKey) {
      const path = pathOf(fileKey);
      for (const name of await readdir(dirname(path))) {
        if (name !== basename(path)) await rm(join(dirname(path), name), { recursive: true, force: true });
      }
    },
    async removeFile(key) {
      await rm(pathOf(key), { force: true });
    },
  };
}

/** All files of a report; removing this folder removes the report's files. */
export function reportFolder(orgId: string, reportId: string): string {
  return join('reports', Buffer.from(orgId).toString('base64url'), reportId);
}

export function reportFileKey(orgId: string, reportId: string, fileName: string): string {
  return join(reportFolder(orgId, reportId), fileName);
}

/** Where one part is kept until the file is assembled; the name is the same for every attempt. */
export function reportPartKey(orgId: string, reportId: string, part: number): string {
  return join(reportFolder(orgId, reportId), 'parts', `${String(part).padStart(5, '0')}.part`);
}
