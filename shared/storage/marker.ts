import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Orm } from '../db/orm.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Log } from '../log.ts';
import { lockInstallation, noteStorageMarked } from './installation.ts';
import type { Storage } from './storage.ts';

/** The file in the storage that names its installation. */
const MARKER_KEY = 'tidemark-storage.json';
const markerSchema = z.object({ installation: z.string() });

/** How long servers that start with this process may take to respond. */
const AWAY_AT_MOST_MS = 60_000;
const TRY_AGAIN_MS = 500;

/** The storage does not belong to the database. The message is one line for an operator, with the remedy. */
export class WrongStorageError extends Error {
  override readonly name = 'WrongStorageError';
}

/**
 * Checks that the storage is the one that every API and worker of this database uses. The first process marks it.
 * @throws WrongStorageError if it belongs to another database or lacks its marker
 */
export async function requireOwnStorage(orm: Orm, storage: Storage): Promise<void> {
  await inTransaction(orm.em.fork(), async (trx) => {
    const { id, isStorageMarked } = await lockInstallation(trx);
    const marker = JSON.stringify({ installation: id });
    const found = await readMarker(storage);
    if (found === undefined && isStorageMarked) {
      throw new WrongStorageError(
        `Wrong storage: ${storage.place} has no ${MARKER_KEY}, but this database's storage has one. Configure the same storage for every API and worker. If the storage was moved, write ${marker} to that file.`,
      );
    }
    if (found !== undefined && found !== id) {
      throw new WrongStorageError(
        `Wrong storage: ${storage.place} belongs to another database. Configure a separate storage for each database. If the other database no longer exists, delete ${MARKER_KEY} there.`,
      );
    }
    // File first: a crash in between leaves a marker that holds the right id.
    if (found === undefined) await storage.write(MARKER_KEY, Readable.from([Buffer.from(`${marker}\n`)]));
    if (!isStorageMarked) await noteStorageMarked(trx);
  });
}

/**
 * Runs `requireOwnStorage` at process start and retries while the database or the storage does not respond.
 * @throws WrongStorageError at once; the last error after a minute
 */
export async function awaitOwnStorage(orm: Orm, storage: Storage, log: Log): Promise<void> {
  const giveUpAt = Date.now() + AWAY_AT_MOST_MS;
  for (;;) {
    try {
      return await requireOwnStorage(orm, storage);
    } catch (error) {
      if (error instanceof WrongStorageError || Date.now() > giveUpAt) throw error;
      log.warn({ err: error, storage: storage.place }, 'storage check failed; retrying');
      await sleep(TRY_AGAIN_MS);
    }
  }
}

/** Reads the marker's id; empty if it is invalid, undefined without a marker. */
async function readMarker(storage: Storage): Promise<string | undefined> {
  if ((await storage.size(MARKER_KEY)) === null) return undefined;
  try {
    return markerSchema.parse(JSON.parse(await text(storage.read(MARKER_KEY)))).installation;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return '';
    throw error;
  }
}
