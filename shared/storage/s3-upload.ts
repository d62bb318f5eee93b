import { createHash } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  NoSuchUpload,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { findAbandoned, type KeptPart } from './s3-abandoned.ts';
import { partsOf } from './s3-parts.ts';
import type { S3Place } from './s3-place.ts';

/** Concurrent part uploads: one is sent while the server responds to the other. */
const PARTS_AT_ONCE = 2;

interface Upload {
  id: string;
  /** Parts already uploaded by a killed writer of the same file, by number. */
  kept: ReadonlyMap<number, KeptPart>;
}

/**
 * Writes chunks as one object in constant memory: one request if they fit into one part, otherwise a multipart upload.
 * The object appears, or replaces the previous one, when it is complete. An error or an abort aborts the upload.
 */
export async function uploadChunks(
  place: S3Place,
  key: string,
  chunks: AsyncIterable<Buffer>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { client, bucket } = place;
  const object = { Bucket: bucket, Key: key };
  const abortSignal = signal ? { abortSignal: signal } : {};
  const sending = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const etags: string[] = [];
  let upload: Upload | undefined;

  const send = async (current: Upload, number: number, body: Buffer) => {
    const kept = current.kept.get(number);
    const isKept = kept?.sizeBytes === body.length && kept.etag === `"${createHash('md5').update(body).digest('hex')}"`;
    if (isKept) {
      etags[number - 1] = kept.etag;
      return;
    }
    const part = { ...object, UploadId: current.id, PartNumber: number, Body: body };
    const { ETag } = await client.send(new UploadPartCommand(part), abortSignal);
    if (!ETag) throw new Error(`${place.name} returned no ETag for part ${number} of ${key}`);
    etags[number - 1] = ETag;
  };

  try {
    for await (const { number, body, isLast } of partsOf(chunks)) {
      if (isLast && number === 1) {
        await client.send(new PutObjectCommand({ ...object, Body: body }), abortSignal);
        return;
      }
      upload ??= await beginUpload(place, key);
      const task: Promise<void> = send(upload, number, body)
        .catch((error: unknown) => void failures.push(error))
        .finally(() => sending.delete(task));
      sending.add(task);
      if (sending.size >= PARTS_AT_ONCE) await Promise.race(sending);
      if (failures.length > 0) throw failures[0];
    }
    await Promise.all(sending);
    if (failures.length > 0) throw failures[0];
    signal?.throwIfAborted();
    const Parts = etags.map((ETag, index) => ({ ETag, PartNumber: index + 1 }));
    // Not abortable: an interrupted request would leave it unknown whether the object exists.
    await client.send(
      new CompleteMultipartUploadCommand({ ...object, UploadId: upload?.id, MultipartUpload: { Parts } }),
    );
  } catch (error) {
    // A part that arrives after the abort would be stored, and billed, forever.
    await Promise.all(sending);
    if (upload) await abortUpload(place, key, upload.id);
    throw error;
  }
}

async function beginUpload(place: S3Place, key: string): Promise<Upload> {
  const abandoned = await findAbandoned(place, key);
  if (abandoned) return abandoned;
  const command = new CreateMultipartUploadCommand({ Bucket: place.bucket, Key: key });
  const { UploadId } = await place.client.send(command);
  if (!UploadId) throw new Error(`${place.name} returned no upload id for ${key}`);
  return { id: UploadId, kept: new Map() };
}

/** Aborts an upload and deletes its parts. Succeeds if the upload no longer exists. */
export async function abortUpload({ client, bucket }: S3Place, key: string, uploadId: string): Promise<void> {
  try {
    await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId }));
  } catch (error) {
    if (!(error instanceof NoSuchUpload)) throw error;
  }
}
