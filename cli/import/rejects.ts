import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Storage } from '../../shared/storage/storage.ts';
import { CliError, reasonOf } from '../cli-error.ts';

/**
 * Downloads the file of rejected lines.
 * @throws CliError if it cannot be written
 */
export async function fetchRejects(storage: Storage, key: string, path: string): Promise<void> {
  const unfinished = `${path}.unfinished`;
  try {
    await pipeline(storage.read(key), createWriteStream(unfinished));
    await rename(unfinished, path);
  } catch (error) {
    throw new CliError(
      `The rejected lines are stored as ${key}, but could not be written to ${path} (${reasonOf(error)}); specify another path with --rejects.`,
    );
  }
}
