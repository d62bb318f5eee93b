import { createHash } from 'node:crypto';
import {
  type RateLimiterAbstract,
  RateLimiterMemory,
  RateLimiterPostgres,
  RateLimiterRes,
} from 'rate-limiter-flexible';
import type { Config } from '../../shared/config.ts';
import type { Orm } from '../../shared/db/orm.ts';
import { addressBlock } from './client-address.ts';
import { HttpError, RateLimitedError } from './http-error.ts';
import { createRecentCredentials } from './recent-credentials.ts';

/** Sets headers of the answer, also of a problem. */
export type SetHeaders = (headers: Record<string, string>) => void;

export interface Limits {
  /**
   * Counts one request of a credential and of its organisation; `isQuery`: also against the limit of queries.
   * @throws RateLimitedError when a limit of the minute is reached
   */
  takeRequest(who: { keyId: string; orgId: string }, isQuery: boolean, set: SetHeaders): Promise<void>;
  /** Counts bytes of an organisation before they are read. @throws RateLimitedError as above */
  takeBytes(orgId: string, bytes: number, set: SetHeaders): Promise<void>;
  /** Counts bytes that were read already: they are not refused, but later ones may be. */
  addBytes(orgId: string, bytes: number): Promise<void>;
  /**
   * Authenticates, counting failures by address. From an address with too many failures, only credentials that were
   * valid within the last minutes are accepted: guesses cost no statement, other clients behind the address work on.
   * @throws RateLimitedError, and what `authenticate` throws
   */
  guardCredential<T>(
    from: { address: string; credential: string },
    authenticate: () => Promise<T>,
    set: SetHeaders,
  ): Promise<T>;
}

type LimitConfig = Pick<
  Config,
  | 'RATE_LIMIT_PER_MINUTE'
  | 'RATE_LIMIT_QUERIES_PER_MINUTE'
  | 'RATE_LIMIT_ORG_PER_MINUTE'
  | 'RATE_LIMIT_ORG_MB_PER_MINUTE'
  | 'RATE_LIMIT_FAILED_CREDENTIALS_PER_MINUTE'
  | 'RATE_LIMIT_STORE'
>;

/** One limit a minute, by key. */
interface Limit {
  points: number;
  /** The problem's title when it is reached. */
  title: string;
  limiter: RateLimiterAbstract;
}

const WINDOW_SECONDS = 60;
/** Bytes are counted in these: a minute's bytes would exceed the store's integer. */
const KIB = 1024;
/** Longer keys are hashed: the store's column has 255 characters. */
const MAX_KEY_LENGTH = 100;

/** Limits requests and bytes per minute of credentials, organisations and addresses. */
export async function createLimits(orm: Orm, config: LimitConfig): Promise<Limits> {
  const pool = config.RATE_LIMIT_STORE === 'postgres' ? await orm.em.getConnection().getNativeClient() : null;
  const create = (keyPrefix: string, points: number, title: string): Limit => {
    const options = { points, duration: WINDOW_SECONDS, keyPrefix };
    const memory = new RateLimiterMemory(options);
    if (pool === null) return { points, title, limiter: memory };
    const limiter = new RateLimiterPostgres({
      ...options,
      storeClient: pool,
      storeType: 'pool',
      tableName: 'rate_limits',
      tableCreated: true,
      // Over the limit, the answer needs no statement.
      inMemoryBlockOnConsumed: points + 1,
      // A limit that cannot be counted must not take the API down.
      insuranceLimiter: memory,
    });
    return { points, title, limiter };
  };

  const perKey = config.RATE_LIMIT_PER_MINUTE;
  const perKeyQueries = config.RATE_LIMIT_QUERIES_PER_MINUTE ?? Math.ceil(perKey / 3);
  const perOrg = config.RATE_LIMIT_ORG_PER_MINUTE ?? perKey * 5;
  const megabytes = config.RATE_LIMIT_ORG_MB_PER_MINUTE;
  const failures = config.RATE_LIMIT_FAILED_CREDENTIALS_PER_MINUTE;
  const keyLimit = create(
    'key',
    perKey,
    `Too many requests; this credential may send ${perKey} a minute. Retry later.`,
  );
  const queryLimit = create(
    'query',
    perKeyQueries,
    `Too many queries; this credential may send ${perKeyQueries} a minute. Retry later.`,
  );
  const orgLimit = create(
    'org',
    perOrg,
    `Too many requests; this organisation may send ${perOrg} a minute. Retry later.`,
  );
  const byteLimit = create(
    'org-kib',
    megabytes * KIB,
    `Too many bytes; this organisation may send ${megabytes} MB a minute. Retry later.`,
  );
  const failureLimit = create(
    'failed',
    failures,
    `Too many invalid credentials from this address; at most ${failures} a minute are checked. Retry later.`,
  );
  const recent = createRecentCredentials();

  async function consume(limit: Limit, key: string, points: number): Promise<Consumption> {
    try {
      return { limit, result: await limit.limiter.consume(keyOf(key), points), isRefused: false };
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      return { limit, result: error, isRefused: true };
    }
  }

  return {
    async takeRequest({ keyId, orgId }, isQuery, set) {
      const consumed = await Promise.all([
        consume(keyLimit, keyId, 1),
        consume(orgLimit, orgId, 1),
        ...(isQuery ? [consume(queryLimit, keyId, 1)] : []),
      ]);
      show(consumed, set);
    },
    async takeBytes(orgId, bytes, set) {
      const consumed = await consume(byteLimit, orgId, Math.ceil(bytes / KIB));
      if (consumed.isRefused) show([consumed], set);
    },
    async addBytes(orgId, bytes) {
      if (bytes > 0) await byteLimit.limiter.penalty(keyOf(orgId), Math.ceil(bytes / KIB));
    },
    async guardCredential({ address, credential }, authenticate, set) {
      const key = addressBlock(address);
      if (!recent.has(credential)) {
        const before = await failureLimit.limiter.get(keyOf(key));
        if (before !== null && before.consumedPoints >= failures) {
          show([{ limit: failureLimit, result: before, isRefused: true }], set);
        }
      }
      try {
        const found = await authenticate();
        recent.add(credential);
        return found;
      } catch (error) {
        if (error instanceof HttpError && error.code === 'unauthenticated') {
          recent.remove(credential);
          await consume(failureLimit, key, 1);
        }
        throw error;
      }
    },
  };
}

interface Consumption {
  limit: Limit;
  result: RateLimiterRes;
  isRefused: boolean;
}

/**
 * Sets the headers of the limit that was reached, or else of the one with the least remaining.
 * @throws RateLimitedError where one was reached
 */
function show(consumed: readonly Consumption[], set: SetHeaders): void {
  const remaining = ({ result }: Consumption) => Math.max(0, result.remainingPoints);
  const [least] = consumed.toSorted((a, b) => Number(b.isRefused) - Number(a.isRefused) || remaining(a) - remaining(b));
  if (!least) return;
  const { limit, result, isRefused } = least;
  const resetSeconds = Math.max(isRefused ? 1 : 0, Math.ceil(result.msBeforeNext / 1000));
  set({
    'RateLimit-Limit': String(limit.points),
    'RateLimit-Remaining': String(isRefused ? 0 : remaining(least)),
    'RateLimit-Reset': String(resetSeconds),
  });
  if (isRefused) throw new RateLimitedError(limit.title, resetSeconds);
}

function keyOf(text: string): string {
  return text.length <= MAX_KEY_LENGTH ? text : createHash('sha256').update(text).digest('hex');
}
