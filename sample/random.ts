import { createHash } from 'node:crypto';

/** Repeatable random values: the same seed gives the same values on every machine. */
export interface Random {
  /** At least 0, less than 1. */
  next(): number;
  /** An integer, both bounds included. */
  whole(least: number, most: number): number;
  /** True with this probability. */
  chance(share: number): boolean;
  pick<T>(items: readonly [T, ...T[]]): T;
  /** One of the items, weighted by their shares. */
  weighted<T extends { readonly share: number }>(items: readonly T[]): T;
  /** A positive number with a long tail (log-normal), given its median. */
  longTailed(median: number, sigma: number): number;
  /** Number of repetitions if each has this probability; at most `most`. */
  streak(share: number, most: number): number;
}

/** Creates a generator for each generated thing, so that changes to one do not affect another. */
export function createRandom(...seed: readonly (string | number)[]): Random {
  const next = sfc32(seed.join('/'));
  const random: Random = {
    next,
    whole: (least, most) => least + Math.floor(next() * (most - least + 1)),
    chance: (share) => next() < share,
    pick: (items) => items[Math.floor(next() * items.length)] ?? items[0],
    weighted(items) {
      let left = next() * items.reduce((sum, { share }) => sum + share, 0);
      const found = items.find(({ share }) => {
        left -= share;
        return left < 0;
      });
      const chosen = found ?? items.at(-1);
      if (chosen === undefined) throw new Error('nothing to choose from');
      return chosen;
    },
    longTailed: (median, sigma) => median * Math.exp(sigma * normal(next)),
    streak(share, most) {
      let length = 0;
      while (length < most && next() < share) length += 1;
      return length;
    },
  };
  return random;
}

/** Normally distributed, mean 0 and standard deviation 1 (Box–Muller). */
function normal(next: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}

/** Chris Doty-Humphrey's "small fast counter" generator, sfc32 of PractRand 0.95 (public domain), seeded by SHA-256. */
function sfc32(seed: string): () => number {
  const digest = createHash('sha256').update(seed).digest();
  let a = digest.readInt32LE(0);
  let b = digest.readInt32LE(4);
  let c = digest.readInt32LE(8);
  let counter = 1;
  return () => {
    const result = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + result) | 0;
    return (result >>> 0) / 2 ** 32;
  };
}
