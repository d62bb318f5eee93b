import { TidemarkError } from '../../shared/errors.ts';

export interface Admission {
  /** Waits for a turn, does `work`, gives the turn on. @throws TidemarkError `overloaded` when too many wait already */
  admit<T>(work: () => Promise<T>): Promise<T>;
}

export interface AdmissionLimits {
  /** Requests at work at once; more would only queue for the database's connections. */
  maxConcurrent: number;
  /** Requests that may wait; each holds its body in memory, so this bounds the process. */
  maxWaiting: number;
}

/** Bounds the work at hand: beyond it a client is told at once to come back, before its body is read. */
export function createAdmission({ maxConcurrent, maxWaiting }: AdmissionLimits): Admission {
  let working = 0;
  const waiting: (() => void)[] = [];
  return {
    async admit(work) {
      if (working >= maxConcurrent) {
        if (waiting.length >= maxWaiting) {
          throw new TidemarkError('overloaded', 'Too much is under way; send this again later.', {
            retryAfterSeconds: 1,
          });
        }
        // The turn is handed over, so `working` stays as it is.
        await new Promise<void>((resolve) => waiting.push(resolve));
      } else {
        working += 1;
      }
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next) next();
        else working -= 1;
      }
    },
  };
}
