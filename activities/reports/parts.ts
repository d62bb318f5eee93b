import type { Storage } from '../../shared/storage/storage.ts';

/** The bytes of files, one after the other. */
export async function* concatenated(storage: Storage, keys: readonly string[]): AsyncGenerator<Buffer> {
  for (const key of keys) {
    for await (const chunk of storage.read(key)) yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
  }
}
