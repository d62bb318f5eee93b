import { OverloadedError } from './http-error.ts';

const RETRY_AFTER_SECONDS = 1;

export interface Admission {
  /** Waits for a free slot and does `work` in it. @throws OverloadedError when too many requests wait already */
  admit<T>(work: () => Promise<T>): Promise<T>;
}

export interface AdmissionLimits {
  /** Requests served at once; more would only queue for database connections. */
  maxConcurrent: number;
  /** Requests that may wait; each holds its body in memory, so this bounds the process's memory. */
  maxWaiting: number;
}

/** Limits concurrent requests: beyond the limits a request is refused before its body is read. */
export function createAdmission({ maxConcurrent, maxWaiting }: AdmissionLimits): Admission {
  let working = 0;
  const waiting: (() => void)[] = [];
  return {
    async admit(work) {
      if (working >= maxConcurrent) {
        if (waiting.length >= maxWaiting) {
          throw new OverloadedError('The server is overloaded; try again later.', RETRY_AFTER_SECONDS);
        }
        // The slot is handed over, so `working` does not change.
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
