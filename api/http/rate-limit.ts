import { RateLimiterMemory, RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { Orm } from '../../shared/db/orm.ts';
import { TidemarkError } from '../../shared/errors.ts';

const WINDOW_SECONDS = 60;

export interface RateLimit {
  /**
   * Counts one request of a credential.
   * @returns the headers that tell what is left
   * @throws TidemarkError `rate-limited` when the minute's share is used up
   */
  consume(credentialId: string): Promise<Record<string, string>>;
}

export interface RateLimitOptions {
  requestsPerMinute: number;
  /** `postgres`: one count for all APIs of an installation, for a statement a request. `memory`: each API counts for itself. */
  store: 'memory' | 'postgres';
}

/** Bounds what one credential may ask in a minute. */
export async function createRateLimit(orm: Orm, { requestsPerMinute, store }: RateLimitOptions): Promise<RateLimit> {
  const options = { points: requestsPerMinute, duration: WINDOW_SECONDS, keyPrefix: 'key' };
  const memory = new RateLimiterMemory(options);
  const limiter =
    store === 'memory'
      ? memory
      : new RateLimiterPostgres({
          ...options,
          storeClient: await orm.em.getConnection().getNativeClient(),
          storeType: 'pool',
          tableName: 'rate_limits',
          tableCreated: true,
          // Who is over the limit is told so without asking the database again.
          inMemoryBlockOnConsumed: requestsPerMinute + 1,
          // A limit that cannot be counted must not take the API down.
          insuranceLimiter: memory,
        });
  const headers = (result: RateLimiterRes) => ({
    'RateLimit-Limit': String(requestsPerMinute),
    'RateLimit-Remaining': String(Math.max(0, result.remainingPoints)),
    'RateLimit-Reset': String(Math.ceil(result.msBeforeNext / 1000)),
  });
  return {
    async consume(credentialId) {
      try {
        return headers(await limiter.consume(credentialId));
      } catch (error) {
        if (!(error instanceof RateLimiterRes)) throw error;
        throw new TidemarkError(
          'rate-limited',
          `This credential may send ${requestsPerMinute} requests a minute; slow down.`,
          {
            retryAfterSeconds: Math.max(1, Math.ceil(error.msBeforeNext / 1000)),
          },
        );
      }
    },
  };
}
