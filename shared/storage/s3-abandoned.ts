import {
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  ListPartsCommand,
  type ListPartsCommandOutput,
  type Part as SentPart,
} from '@aws-sdk/client-s3';
import type { S3Place } from './s3-place.ts';

export interface KeptPart {
  etag: string;
  sizeBytes: number;
}

export interface AbandonedUpload {
  id: string;
  kept: ReadonlyMap<number, KeptPart>;
}

/** An upload that was begun and is neither complete nor aborted. */
export interface UnfinishedUpload {
  key: string;
  id: string;
  begunAt: Date;
}

/** Every unfinished upload of keys that begin like this. */
export async function* unfinishedUploads(
  { client, bucket }: S3Place,
  prefix: string,
): AsyncGenerator<UnfinishedUpload> {
  let page: ListMultipartUploadsCommandOutput | undefined;
  do {
    const after = { KeyMarker: page?.NextKeyMarker, UploadIdMarker: page?.NextUploadIdMarker };
    page = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...after }));
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      if (Key && UploadId) yield { key: Key, id: UploadId, begunAt: Initiated ?? new Date() };
    }
  } while (page.IsTruncated);
}

/**
 * The latest upload of a file whose writer was killed, with the parts that it had sent. One that moved a moment ago may
 * have a living writer and is left to it.
 */
export async function findAbandoned(place: S3Place, key: string): Promise<AbandonedUpload | undefined> {
  let latest: UnfinishedUpload | undefined;
  for await (const upload of unfinishedUploads(place, key)) {
    if (upload.key === key && (!latest || upload.begunAt > latest.begunAt)) latest = upload;
  }
  if (!latest) return undefined;
  const kept = new Map<number, KeptPart>();
  let movedAt = latest.begunAt.getTime();
  for await (const { PartNumber, ETag, Size, LastModified } of partsSent(place, latest)) {
    movedAt = Math.max(movedAt, LastModified?.getTime() ?? 0);
    if (PartNumber && ETag && Size !== undefined) kept.set(PartNumber, { etag: ETag, sizeBytes: Size });
  }
  return Date.now() - movedAt >= place.abandonedAfterMs ? { id: latest.id, kept } : undefined;
}

async function* partsSent({ client, bucket }: S3Place, { key, id }: UnfinishedUpload): AsyncGenerator<SentPart> {
  const upload = { Bucket: bucket, Key: key, UploadId: id };
  // Not the SDK's paginator: servers name a next part after the last page too, and it would go on for ever.
  let page: ListPartsCommandOutput | undefined;
  do {
    const after = page?.NextPartNumberMarker;
    page = await client.send(new ListPartsCommand({ ...upload, ...(after ? { PartNumberMarker: after } : {}) }));
    yield* page.Parts ?? [];
  } while (page.IsTruncated);
}
