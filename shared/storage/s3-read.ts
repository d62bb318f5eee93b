import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import type { S3Place } from './s3-place.ts';

/** Streams an object or a byte range of it. Destroying the stream early closes the connection. */
export function readObject(place: S3Place, key: string, range?: { start: number; end: number }): Readable {
  const asking = new AbortController();
  const out = new PassThrough({
    destroy(error, done) {
      asking.abort();
      done(error);
    },
  });
  const command = new GetObjectCommand({
    Bucket: place.bucket,
    Key: key,
    ...(range ? { Range: `bytes=${range.start}-${range.end}` } : {}),
  });
  const run = async () => {
    const { Body } = await place.client.send(command, { abortSignal: asking.signal });
    if (!(Body instanceof Readable)) throw new Error(`${place.name} returned no stream for ${key}`);
    await pipeline(Body, out);
  };
  run().catch((error: unknown) => out.destroy(error instanceof Error ? error : new Error(String(error))));
  return out;
}
