import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Orm } from '../db/orm.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Log } from '../log.ts';
import { lockInstallation, noteStorageMarked } from './installation.ts';
import type { Storage } from './storage.ts';

/** The file in the storage that says whose it is. */
const MARKER_KEY = 'tidemark-storage.json';
const markerSchema = z.object({ installation: z.string() });

/** Servers that start together with this process get this long to answer. */
const AWAY_AT_MOST_MS = 60_000;
const TRY_AGAIN_MS = 500;

/** The storage is not that of the database; the message is one line for an operator and says what to do. */
export class WrongStorageError extends Error {
  override readonly name = 'WrongStorageError';
}

/**
 * Checks that the storage is the one that every API and worker of this database uses. The first process to look marks it.
 * @throws WrongStorageError where it is another, or lacks the marker that it was given
 */
export async function requireOwnStorage(orm: Orm, storage: Storage): Promise<void> {
  await inTransaction(orm.em.fork(), async (trx) => {
    const { id, isStorageMarked } = await lockInstallation(trx);
    const marker = JSON.stringify({ installation: id });
    const found = await readMarker(storage);
    if (found === undefined && isStorageMarked) {
      throw new WrongStorageError(
        `Wrong storage: ${storage.place} has no ${MARKER_KEY}, that of this database has. Give every API and worker the same storage; if it was moved, write ${marker} to that file.`,
      );
    }
    if (found !== undefined && found !== id) {
      throw new WrongStorageError(
        `Wrong storage: ${storage.place} belongs to another database. Give each database a storage of its own; if that other one is gone, delete ${MARKER_KEY} there.`,
      );
    }
    // File first: a crash in between leaves a marker that holds the right id.
    if (found === undefined) await storage.write(MARKER_KEY, Readable.from([Buffer.from(`${marker}\n`)]));
    if (!isStorageMarked) await noteStorageMarked(trx);
  });
}

/**
 * `requireOwnStorage` for a process that starts: waits for a database or a storage that does not answer yet.
 * @throws WrongStorageError at once, the last fault after a minute
 */
export async function awaitOwnStorage(orm: Orm, storage: Storage, log: Log): Promise<void> {
  const giveUpAt = Date.now() + AWAY_AT_MOST_MS;
  for (;;) {
    try {
      return await requireOwnStorage(orm, storage);
    } catch (error) {
      if (error instanceof WrongStorageError || Date.now() > giveUpAt) throw error;
      log.warn({ err: error, storage: storage.place }, 'the storage cannot be checked yet; trying again');
      await sleep(TRY_AGAIN_MS);
    }
  }
}

/** The id that the marker holds, empty where it cannot be read as one; undefined without a marker. */
async function readMarker(storage: Storage): Promise<string | undefined> {
  if ((await storage.size(MARKER_KEY)) === null) return undefined;
  try {
    return markerSchema.parse(JSON.parse(await text(storage.read(MARKER_KEY)))).installation;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return '';
    throw error;
  }
}
