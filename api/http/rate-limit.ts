import { RateLimiterMemory, RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { Orm } from '../../shared/db/orm.ts';
import { RateLimitedError } from './http-error.ts';

const WINDOW_SECONDS = 60;

export interface RateLimit {
  /**
   * Counts one request of a credential.
   * @returns the `RateLimit-*` headers
   * @throws RateLimitedError when the limit of this minute is exceeded
   */
  consume(credentialId: string): Promise<Record<string, string>>;
}

export interface RateLimitOptions {
  requestsPerMinute: number;
  /** `postgres`: one count for all API processes, at one statement a request. `memory`: one count a process. */
  store: 'memory' | 'postgres';
}

/** Limits the requests a minute of each credential. */
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
          // A credential over its limit is refused without another statement.
          inMemoryBlockOnConsumed: requestsPerMinute + 1,
          // A failing counter must not take the API down.
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
        throw new RateLimitedError(
          `The limit of this credential is ${requestsPerMinute} requests a minute.`,
          Math.max(1, Math.ceil(error.msBeforeNext / 1000)),
        );
      }
    },
  };
}
