import type { Context } from 'koa';
import type { Dependencies } from '../dependencies.ts';
import { MAX_BODY_BYTES } from './body.ts';
import { receiveBody } from './receive-body.ts';

/**
 * Receives the body within the limits of its organisation; it counts against them until `work` has ended.
 * @throws RateLimitedError for too many bytes a minute, and what `receiveBody` throws
 */
export async function withReceivedBody<T>(
  ctx: Context,
  { config, limits, bodyMemory }: Pick<Dependencies, 'config' | 'limits' | 'bodyMemory'>,
  orgId: string,
  work: (bytes: Buffer) => Promise<T>,
): Promise<T> {
  const declaredBytes = Number(ctx.req.headers['content-length'] ?? 0);
  const hasBody = declaredBytes > 0 || ctx.req.headers['transfer-encoding'] !== undefined;
  if (!hasBody) return work(Buffer.alloc(0));
  await limits.takeBytes(orgId, Math.min(declaredBytes, MAX_BODY_BYTES), (headers) => ctx.set(headers));
  const reservation = bodyMemory.reserve(orgId);
  try {
    const bytes = await receiveBody(ctx.req, reservation, {
      maxBytes: MAX_BODY_BYTES,
      deadlineMs: config.BODY_TIMEOUT_SECONDS * 1000,
      leastBytesPerSecond: config.BODY_LEAST_BYTES_PER_SECOND,
      graceMs: config.BODY_GRACE_SECONDS * 1000,
    });
    await limits.addBytes(orgId, bytes.length - declaredBytes);
    return await work(bytes);
  } finally {
    reservation.release();
  }
}
