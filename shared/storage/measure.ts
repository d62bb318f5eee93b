import { createHash } from 'node:crypto';
import type { StoredFile } from './storage.ts';

export interface Meter {
  take(chunk: Buffer): void;
  /** Returns the result. Call it once, at the end. */
  total(): StoredFile;
}

/** Creates a pass-through that measures a file while it is written, which saves a second read. */
export function createMeter(onChunk?: (chunk: Buffer) => void): Meter {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  return {
    take(chunk) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      onChunk?.(chunk);
    },
    total: () => ({ sizeBytes, sha256: hash.digest('hex') }),
  };
}
