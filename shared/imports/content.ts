import { createHash } from 'node:crypto';
import { addAbortSignal, pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Storage } from '../storage/storage.ts';

const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);

/** What a file is, by its bytes. */
export interface Fingerprint {
  isGzip: boolean;
  /** Of the file as it lies there, hex. */
  sha256: string;
  sizeBytes: number;
  /** Of what is in it, unpacked: packing a file again makes no other file of it. */
  contentSha256: string;
  contentBytes: number;
}

/**
 * Reads a file once from its beginning to its end.
 * @param onBytes told how many bytes of the file were read with each piece
 * @throws Error where it is gzip and broken
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

/** A file's content, unpacked where its first bytes say that it is gzip. */
export async function unpackedContent(file: Readable): Promise<Readable> {
  const head = await firstBytes(file);
  return startsAsGzip(head) ? gunzip(file) : file;
}

/**
 * The content of a stored file from a position on. Of a packed one all before it is unpacked again and left out.
 * @param from bytes of the content, unpacked
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
  // What breaks on either side ends the other with the same error, and so whoever reads it.
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

/** The pieces of a stream of bytes, typed as what they are. */
async function* piecesOf(stream: Readable): AsyncGenerator<Buffer> {
  for await (const piece of stream) yield Buffer.isBuffer(piece) ? piece : Buffer.from(piece);
}
