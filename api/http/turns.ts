import { TidemarkError } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import { OverloadedError } from './http-error.ts';

export interface Turns {
  /**
   * Waits for a turn, runs `work` and passes the turn on. Organisations with waiting requests take turns in rotation.
   * @throws OverloadedError when too many requests wait, TidemarkError `unavailable` when the work outlasts its turn,
   * and the reason of `signal` when it aborts while the request waits
   */
  run<T>(orgId: string, signal: AbortSignal, work: () => Promise<T>): Promise<T>;
  /** How long no work has ended although all turns are taken or work outlasted its turn; otherwise 0. */
  stalledForMs(): number;
}

export interface TurnLimits {
  /** Requests in progress at once; more would only queue for the database's connections. */
  maxConcurrent: number;
  /** Requests that may wait; each holds its body in memory. */
  maxWaiting: number;
  /** Requests of one organisation that may wait. */
  maxOrgWaiting: number;
  /** After this time the turn is passed on, even if its work has not ended. */
  deadlineMs: number;
}

type Wake = () => void;

/** Limits the ingestion in progress; beyond the limits, requests are refused immediately. */
export function createTurns(limits: TurnLimits, log: Log): Turns {
  const { maxConcurrent, maxWaiting, maxOrgWaiting, deadlineMs } = limits;
  let working = 0;
  /** Work whose turn was passed on before it ended. */
  let overdue = 0;
  let waitingCount = 0;
  let progressAt = performance.now();
  /** Organisations with waiting requests, in the order of their next turn. */
  const waiting = new Map<string, Set<Wake>>();

  function leave(orgId: string, wake: Wake): void {
    const queue = waiting.get(orgId);
    if (!queue?.delete(wake)) return;
    waitingCount -= 1;
    if (queue.size === 0) waiting.delete(orgId);
  }

  function passOn(): void {
    for (const [orgId, queue] of waiting) {
      const [wake] = queue;
      waiting.delete(orgId);
      if (!wake) continue;
      queue.delete(wake);
      waitingCount -= 1;
      // Last in the rotation: a burst of one organisation delays each other organisation by one request.
      if (queue.size > 0) waiting.set(orgId, queue);
      // The turn is handed over, so `working` stays as it is.
      wake();
      return;
    }
    working -= 1;
  }

  function take(orgId: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (working < maxConcurrent) {
      if (working === 0 && overdue === 0) progressAt = performance.now();
      working += 1;
      return Promise.resolve();
    }
    const queue = waiting.get(orgId) ?? new Set<Wake>();
    if (waitingCount >= maxWaiting || queue.size >= maxOrgWaiting) throw overloaded();
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        leave(orgId, wake);
        reject(signal.reason);
      };
      const wake = () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      queue.add(wake);
      waiting.set(orgId, queue);
      waitingCount += 1;
    });
  }

  return {
    async run(orgId, signal, work) {
      await take(orgId, signal);
      const late = Promise.withResolvers<never>();
      let isOverdue = false;
      const timer = setTimeout(() => {
        isOverdue = true;
        overdue += 1;
        log.error({ orgId, deadlineMs }, 'ingestion outlasted its turn, which was passed on');
        late.reject(outlasted(deadlineMs));
        passOn();
      }, deadlineMs);
      const ended = () => {
        clearTimeout(timer);
        progressAt = performance.now();
        if (isOverdue) overdue -= 1;
        else passOn();
      };
      // Settles the turn also after the deadline, when nothing else awaits it.
      const result = work();
      result.then(ended, ended);
      return Promise.race([result, late.promise]);
    },
    stalledForMs() {
      return working >= maxConcurrent || overdue > 0 ? performance.now() - progressAt : 0;
    },
  };
}

function overloaded(): OverloadedError {
  return new OverloadedError('Too many requests; retry later.', 1);
}

function outlasted(deadlineMs: number): TidemarkError {
  const message = `The records were not stored within ${deadlineMs / 1000} s; retry with the same ids.`;
  return new TidemarkError('unavailable', message);
}
