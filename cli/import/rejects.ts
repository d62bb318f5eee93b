import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Storage } from '../../shared/storage/storage.ts';
import { reasonOf, StackError } from '../stack/stack-error.ts';

/**
 * Fetches the file of rejected lines.
 * @throws StackError where it cannot be written here
 */
export async function fetchRejects(storage: Storage, key: string, path: string): Promise<void> {
  const unfinished = `${path}.unfinished`;
  try {
    await pipeline(storage.read(key), createWriteStream(unfinished));
    await rename(unfinished, path);
  } catch (error) {
    throw new StackError(
      `The rejected lines lie in the storage as ${key}, but could not be written to ${path} (${reasonOf(error)}); say where with --rejects.`,
    );
  }
}
