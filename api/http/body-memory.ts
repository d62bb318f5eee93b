import { OverloadedError } from './http-error.ts';

/** Memory that one request holds for its body. */
export interface BodyReservation {
  /** Raises the reservation to `bytes`; a smaller number changes nothing. @throws OverloadedError beyond a limit */
  growTo(bytes: number): void;
  /** Returns the memory; repeated calls change nothing. */
  release(): void;
}

export interface BodyMemory {
  reserve(orgId: string): BodyReservation;
}

export interface BodyMemoryLimits {
  /** Of all bodies in this process, from their first byte to the answer. */
  maxBytes: number;
  /** Of the bodies of one organisation. */
  maxOrgBytes: number;
}

/** The least that a body counts: a socket and its buffers take memory too. */
const LEAST_BYTES = 16 * 1024;
const RETRY_AFTER_SECONDS = 2;

/** Limits the memory of bodies in this process and by organisation. */
export function createBodyMemory({ maxBytes, maxOrgBytes }: BodyMemoryLimits): BodyMemory {
  let total = 0;
  const byOrg = new Map<string, number>();

  function add(orgId: string, bytes: number): void {
    total += bytes;
    const held = (byOrg.get(orgId) ?? 0) + bytes;
    if (held > 0) byOrg.set(orgId, held);
    else byOrg.delete(orgId);
  }

  return {
    reserve(orgId) {
      let held = 0;
      let isReleased = false;
      return {
        growTo(bytes) {
          const more = Math.max(bytes, LEAST_BYTES) - held;
          if (more <= 0 || isReleased) return;
          if ((byOrg.get(orgId) ?? 0) + more > maxOrgBytes) {
            throw overloaded('The request bodies of this organisation exceed its share of memory; retry later.');
          }
          if (total + more > maxBytes) {
            throw overloaded('The request bodies in progress exceed the memory for them; retry later.');
          }
          add(orgId, more);
          held += more;
        },
        release() {
          if (isReleased) return;
          isReleased = true;
          add(orgId, -held);
        },
      };
    },
  };
}

function overloaded(message: string): OverloadedError {
  return new OverloadedError(message, RETRY_AFTER_SECONDS);
}
