import { createHash } from 'node:crypto';
import type { StoredFile } from './storage.ts';

export interface Meter {
  take(chunk: Buffer): void;
  /** What has been taken so far; call it once, at the end. */
  total(): StoredFile;
}

/** Measures a file while it passes, so that nobody reads it a second time. */
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
