import { setImmediate as nextTurn } from 'node:timers/promises';

/** Several requests may run in one turn of the event loop, so each slice is a fraction of the acceptable delay. */
const SLICE_MS = 10;

/** Divides long synchronous work into slices, so that the event loop serves other requests in between. */
export interface Pace {
  /** True when the current slice has ended: then await `rest`. */
  isDue(): boolean;
  /** Yields to the event loop once and starts a new slice. */
  rest(): Promise<void>;
}

export function createPace(sliceMs = SLICE_MS): Pace {
  let begunAt = performance.now();
  return {
    isDue: () => performance.now() - begunAt >= sliceMs,
    async rest() {
      await nextTurn();
      begunAt = performance.now();
    },
  };
}
