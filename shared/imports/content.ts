import { createHash } from 'node:crypto';
import { addAbortSignal, pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Storage } from '../storage/storage.ts';

const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);

/** Format, size and hashes of a file. */
export interface Fingerprint {
  isGzip: boolean;
  /** Of the file as stored, in hex. */
  sha256: string;
  sizeBytes: number;
  /** Of the uncompressed content, in hex: compressing a file again does not change it. */
  contentSha256: string;
  contentBytes: number;
}

/**
 * Reads a file once and computes its fingerprint.
 * @param onBytes receives the number of bytes (compressed) of each piece read
 * @throws Error for corrupt gzip
 */
export async function fingerprint(
  file: Readable,
  { signal, onBytes }: { signal: AbortSignal; onBytes?: (count: number) => void },
): Promise<Fingerprint> {
  const packed = createHash('sha256');
  const unpacked = createHash('sha256');
  let sizeBytes = 0;
  let contentBytes = 0;
  let isGzip = false;
  const measured = Readable.from(
    (async function* () {
      for await (const piece of piecesOf(file)) {
        if (sizeBytes === 0) isGzip = startsAsGzip(piece);
        packed.update(piece);
        sizeBytes += piece.length;
        onBytes?.(piece.length);
        yield piece;
      }
    })(),
    { objectMode: false },
  );
  for await (const piece of piecesOf(await unpackedContent(addAbortSignal(signal, measured)))) {
    unpacked.update(piece);
    contentBytes += piece.length;
  }
  return { isGzip, sha256: packed.digest('hex'), sizeBytes, contentSha256: unpacked.digest('hex'), contentBytes };
}

/** Returns a file's content, uncompressed if its first bytes are the magic number of gzip. */
export async function unpackedContent(file: Readable): Promise<Readable> {
  const head = await firstBytes(file);
  return startsAsGzip(head) ? gunzip(file) : file;
}

/**
 * Reads the content of a stored file from a position. A gzip file is uncompressed from its start and the bytes before
 * the position are dropped.
 * @param from offset in the uncompressed content, in bytes
 */
export async function* contentFrom(
  storage: Storage,
  { key, isGzip, from, signal }: { key: string; isGzip: boolean; from: number; signal: AbortSignal },
): AsyncGenerator<Buffer> {
  const size = (await storage.size(key)) ?? 0;
  if (!isGzip) {
    if (from < size) yield* piecesOf(addAbortSignal(signal, storage.read(key, { start: from, end: size - 1 })));
    return;
  }
  let left = from;
  for await (const piece of piecesOf(gunzip(addAbortSignal(signal, storage.read(key))))) {
    if (piece.length > left) yield left > 0 ? piece.subarray(left) : piece;
    left = Math.max(0, left - piece.length);
  }
}

function gunzip(file: Readable): Readable {
  // An error on either stream destroys the other with the same error, so the reader receives it.
  return pipeline(file, createGunzip({ chunkSize: 256 * 1024 }), () => undefined);
}

function startsAsGzip(bytes: Buffer): boolean {
  return bytes.subarray(0, GZIP_MAGIC.length).equals(GZIP_MAGIC);
}

async function firstBytes(file: Readable): Promise<Buffer> {
  for await (const piece of file.iterator({ destroyOnReturn: false })) {
    file.unshift(piece);
    return Buffer.from(piece);
  }
  return Buffer.alloc(0);
}

/** Yields the pieces of a byte stream as Buffers. */
async function* piecesOf(stream: Readable): AsyncGenerator<Buffer> {
  for await (const piece of stream) yield Buffer.isBuffer(piece) ? piece : Buffer.from(piece);
}
