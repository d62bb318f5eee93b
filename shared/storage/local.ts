import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, opendir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { v7 as uuidv7 } from 'uuid';
import { createMeter } from './measure.ts';
import { requireInside, type Storage } from './storage.ts';

const UNFINISHED = '.unfinished';
const CHUNK_BYTES = 1 << 20;

/** Creates storage in a folder shared by API and worker. */
export function createLocalStorage(folder: string): Storage {
  const root = resolve(folder);
  const pathOf = (key: string) => {
    requireInside(key);
    return join(root, key);
  };
  return {
    place: `the folder ${root} (STORAGE_DIR)`,
    async write(key, source, { signal, onChunk } = {}) {
      const path = pathOf(key);
      // Two attempts at one file may overlap briefly: each writes its own temporary file, the last rename wins.
      const unfinished = `${path}.${uuidv7()}${UNFINISHED}`;
      await mkdir(dirname(path), { recursive: true });
      const meter = createMeter(onChunk);
      const measure = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          meter.take(chunk);
          done(null, chunk);
        },
      });
      try {
        // Synced before the rename, so that a published file survives a crash of the machine.
        const target = createWriteStream(unfinished, { flush: true, highWaterMark: CHUNK_BYTES });
        await pipeline(source, measure, target, signal ? { signal } : {});
        await rename(unfinished, path);
      } catch (error) {
        await rm(unfinished, { force: true });
        throw error;
      }
      return meter.total();
    },
    async size(key) {
      return (await statOrNull(pathOf(key)))?.size ?? null;
    },
    // Larger reads: files are read sequentially.
    read: (key, range) => createReadStream(pathOf(key), { ...range, highWaterMark: CHUNK_BYTES }),
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
    async removeUnfinished(begunBefore, atMost) {
      let removed = 0;
      if (!(await statOrNull(root))) return removed;
      for await (const entry of await opendir(root, { recursive: true })) {
        if (removed >= atMost) break;
        if (!entry.isFile() || !entry.name.endsWith(UNFINISHED)) continue;
        const path = join(entry.parentPath, entry.name);
        // The last write counts: a file that still grows has a live writer.
        const found = await statOrNull(path);
        if (!found || found.mtime >= begunBefore) continue;
        await rm(path, { force: true });
        removed += 1;
      }
      return removed;
    },
    // Files of a folder are served by the API only.
    signedUrl: async () => null,
  };
}

async function statOrNull(path: string) {
  return stat(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  });
}
