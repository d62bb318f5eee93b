import { setTimeout as sleep } from 'node:timers/promises';

const POLL_EVERY_MS = 20;

/**
 * Polls until the answer is not undefined.
 * @param what the awaited condition, for the error message
 * @throws Error where the condition is not met in time
 */
export async function eventually<T>(
  what: string,
  withinMs: number,
  ask: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(POLL_EVERY_MS);
  }
}
