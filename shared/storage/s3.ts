import { addAbortSignal, type Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  NotFound,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { createMeter, type Meter } from './measure.ts';
import { unfinishedUploads } from './s3-abandoned.ts';
import type { S3Place } from './s3-place.ts';
import { readObject } from './s3-read.ts';
import { abortUpload, uploadChunks } from './s3-upload.ts';
import { requireInside, type Storage } from './storage.ts';

/** Creates storage in an S3-compatible bucket, for APIs and workers on several machines. */
export function createS3Storage(place: S3Place): Storage {
  const { client, bucket } = place;
  const keyOf = (key: string) => {
    requireInside(key);
    return place.prefix + key;
  };

  /** Removes all objects of a folder except one, and its unfinished uploads. */
  async function clear(folder: string, keptKey?: string): Promise<void> {
    const prefix = `${folder}/`;
    for await (const { key, id } of unfinishedUploads(place, prefix)) await abortUpload(place, key, id);
    for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix })) {
      const found = (page.Contents ?? []).flatMap(({ Key }) => (Key && Key !== keptKey ? [{ Key }] : []));
      if (found.length === 0) continue;
      const command = new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: found, Quiet: true } });
      const { Errors: [fault] = [] } = await client.send(command);
      if (fault) throw new Error(`${place.name} kept ${fault.Key}: ${fault.Code} ${fault.Message}`);
    }
  }

  return {
    place: place.name,
    async write(key, source, { signal, onChunk } = {}) {
      const path = keyOf(key);
      const meter = createMeter(onChunk);
      if (signal) addAbortSignal(signal, source);
      await uploadChunks(place, path, measured(source, meter), signal);
      return meter.total();
    },
    async size(key) {
      try {
        const { ContentLength } = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: keyOf(key) }));
        return ContentLength ?? 0;
      } catch (error) {
        if (error instanceof NotFound) return null;
        throw error;
      }
    },
    read: (key, range) => readObject(place, keyOf(key), range),
    removeFolder: (key) => clear(keyOf(key)),
    removeAllBut: (fileKey) => clear(keyOf(fileKey).replace(/\/[^/]*$/, ''), keyOf(fileKey)),
    async removeFile(key) {
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: keyOf(key) }));
    },
    async removeUnfinished(begunBefore, atMost) {
      let removed = 0;
      for await (const { key, id, begunAt } of unfinishedUploads(place, place.prefix)) {
        if (removed >= atMost) break;
        if (begunAt >= begunBefore) continue;
        await abortUpload(place, key, id);
        removed += 1;
      }
      return removed;
    },
    signedUrl(key, { expiresInSeconds, fileName, contentType }) {
      const command = new GetObjectCommand({
        Bucket: bucket,
        Key: keyOf(key),
        ResponseContentDisposition: `attachment; filename="${fileName}"`,
        ResponseContentType: contentType,
      });
      return getSignedUrl(client, command, { expiresIn: expiresInSeconds });
    },
  };
}

async function* measured(source: Readable, meter: Meter): AsyncGenerator<Buffer> {
  for await (const piece of source) {
    const chunk = Buffer.isBuffer(piece) ? piece : Buffer.from(piece);
    meter.take(chunk);
    yield chunk;
  }
}
