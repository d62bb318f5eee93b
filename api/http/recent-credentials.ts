import { createHash } from 'node:crypto';

/** Credentials that were valid recently, as hashes. */
export interface RecentCredentials {
  has(credential: string): boolean;
  add(credential: string): void;
  remove(credential: string): void;
}

const KEPT_MS = 10 * 60_000;
const MAX_CREDENTIALS = 10_000;

/** The latest ten thousand at most, each for ten minutes after it was last valid. */
export function createRecentCredentials(now: () => number = Date.now): RecentCredentials {
  const validAt = new Map<string, number>();
  return {
    has: (credential) => now() - (validAt.get(hashOf(credential)) ?? Number.NEGATIVE_INFINITY) < KEPT_MS,
    add(credential) {
      const hash = hashOf(credential);
      validAt.delete(hash);
      validAt.set(hash, now());
      const [oldest] = validAt.keys();
      if (validAt.size > MAX_CREDENTIALS && oldest !== undefined) validAt.delete(oldest);
    },
    remove(credential) {
      validAt.delete(hashOf(credential));
    },
  };
}

function hashOf(credential: string): string {
  return createHash('sha256').update(credential).digest('base64');
}
