import type { IncomingMessage } from 'node:http';
import { finished, PassThrough, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { validationError } from '../../shared/errors.ts';
import type { BodyReservation } from './body-memory.ts';
import { HttpError, RequestTimeoutError, TooLargeError, UnsupportedMediaTypeError } from './http-error.ts';

export interface ReceiveLimits {
  /** Of the decompressed body. */
  maxBytes: number;
  /** From the first read to the last byte. */
  deadlineMs: number;
  /** On average since the start, once `graceMs` have passed. */
  leastBytesPerSecond: number;
  graceMs: number;
}

/** The interval at which the speed is checked. */
const CHECK_MS = 250;
/** 8 MB, as RFC 9659 asks of zstd over HTTP: a few bytes could otherwise allocate 128 MB. */
const ZSTD_WINDOW_LOG = 23;

const decoders: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  deflate: () => createInflate(),
  br: () => createBrotliDecompress(),
  zstd: () => createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG } }),
};

/**
 * Receives and decompresses the body of a request. Settles wherever the client stops, and leaves the connection open
 * for an answer.
 * @throws UnsupportedMediaTypeError, TooLargeError, RequestTimeoutError, OverloadedError, and TidemarkError `validation`
 * for a body that is broken or incomplete
 */
export async function receiveBody(
  request: IncomingMessage,
  reservation: BodyReservation,
  limits: ReceiveLimits,
): Promise<Buffer> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  const decoder = decoderOf(encoding);
  const declaredBytes = Number(request.headers['content-length'] ?? 0);
  if (declaredBytes > limits.maxBytes) throw tooLarge(limits.maxBytes);
  const isEmpty = request.headers['transfer-encoding'] === undefined && declaredBytes === 0;
  if (isEmpty) return Buffer.alloc(0);
  reservation.growTo(declaredBytes);

  // A separate stream to destroy: destroying the request would close the connection before the answer.
  const inbound = new PassThrough();
  const forget = finished(request, { writable: false }, (error) => {
    if (error) inbound.destroy(new ClientLeft());
  });
  let receivedBytes = 0;
  request.on('data', (chunk: Buffer) => {
    receivedBytes += chunk.length;
  });
  const stopWatching = watchSpeed(
    limits,
    { receivedBytes: () => receivedBytes, isWhole: () => request.complete },
    inbound,
  );
  const chunks: Buffer[] = [];
  let size = 0;
  const collect = async (source: AsyncIterable<Buffer>) => {
    for await (const chunk of source) {
      size += chunk.length;
      if (size > limits.maxBytes) throw tooLarge(limits.maxBytes);
      reservation.growTo(size);
      chunks.push(chunk);
    }
  };
  request.pipe(inbound);
  try {
    await (decoder ? pipeline(inbound, decoder, collect) : pipeline(inbound, collect));
  } catch (error) {
    if (error instanceof HttpError) throw error;
    if (error instanceof ClientLeft || (request.destroyed && !request.complete)) {
      throw validationError([{ field: '', message: 'the body is incomplete' }]);
    }
    if (decoder) throw validationError([{ field: '', message: `the body is not valid ${encoding}` }]);
    throw error;
  } finally {
    stopWatching();
    forget();
    request.unpipe(inbound);
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size);
}

class ClientLeft extends Error {
  override readonly name = 'ClientLeft';
}

/** @throws UnsupportedMediaTypeError */
function decoderOf(encoding: string): Transform | null {
  if (encoding === 'identity') return null;
  const create = Object.hasOwn(decoders, encoding) ? decoders[encoding] : undefined;
  if (create) return create();
  const known = Object.keys(decoders).join(', ');
  throw new UnsupportedMediaTypeError(`The content encoding must be one of ${known}, or identity.`);
}

/** Destroys `inbound` with an error when the client sends too slowly. @returns a function that stops the checks */
function watchSpeed(
  { deadlineMs, leastBytesPerSecond, graceMs }: ReceiveLimits,
  { receivedBytes, isWhole }: { receivedBytes(): number; isWhole(): boolean },
  inbound: PassThrough,
): () => void {
  const startedAt = performance.now();
  const timer = setInterval(
    () => {
      // Only decompression is left.
      if (isWhole()) return;
      const elapsedMs = performance.now() - startedAt;
      if (elapsedMs >= deadlineMs) {
        const message = `The body did not arrive within ${deadlineMs / 1000} s; send a smaller one.`;
        inbound.destroy(new RequestTimeoutError(message));
      } else if (elapsedMs > graceMs && receivedBytes() * 1000 < leastBytesPerSecond * elapsedMs) {
        const message = `The body arrives at less than ${leastBytesPerSecond} bytes per second; send it again.`;
        inbound.destroy(new RequestTimeoutError(message));
      }
    },
    Math.min(CHECK_MS, deadlineMs),
  ).unref();
  return () => clearInterval(timer);
}

function tooLarge(maxBytes: number): TooLargeError {
  return new TooLargeError(`The body exceeds ${maxBytes / 1024 / 1024} MB; split it.`);
}
