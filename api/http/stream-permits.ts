import type { Readable } from 'node:stream';
import { OverloadedError } from './http-error.ts';

export interface StreamPermits {
  /**
   * Opens a stream that holds database connections for as long as its client reads.
   * @throws OverloadedError while too many are open, of the organisation or in all
   */
  open(orgId: string, create: () => Promise<Readable>): Promise<Readable>;
}

/** An export takes a while, so a client need not hurry. */
const RETRY_AFTER_SECONDS = 10;

export function createStreamPermits({ maxOpen, maxOrgOpen }: { maxOpen: number; maxOrgOpen: number }): StreamPermits {
  const openOf = new Map<string, number>();
  let openCount = 0;

  function release(orgId: string): void {
    openCount -= 1;
    const left = (openOf.get(orgId) ?? 1) - 1;
    if (left > 0) openOf.set(orgId, left);
    else openOf.delete(orgId);
  }

  return {
    async open(orgId, create) {
      const open = openOf.get(orgId) ?? 0;
      if (openCount >= maxOpen || open >= maxOrgOpen) {
        throw new OverloadedError('Too many answers are being streamed; retry later.', RETRY_AFTER_SECONDS);
      }
      openCount += 1;
      openOf.set(orgId, open + 1);
      try {
        const stream = await create();
        if (stream.closed) release(orgId);
        else stream.once('close', () => release(orgId));
        return stream;
      } catch (error) {
        release(orgId);
        throw error;
      }
    },
  };
}
