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

/** A multipart upload that is neither completed nor aborted. */
export interface UnfinishedUpload {
  key: string;
  id: string;
  begunAt: Date;
}

/** Yields the unfinished uploads of keys with a prefix. */
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
 * Finds the latest upload of a file whose writer was killed, with its uploaded parts. Skips an upload with recent
 * activity, which may have a live writer.
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
  // Not the SDK's paginator: some servers return a next marker after the last page too, so it would never end.
  let page: ListPartsCommandOutput | undefined;
  do {
    const after = page?.NextPartNumberMarker;
    page = await client.send(new ListPartsCommand({ ...upload, ...(after ? { PartNumberMarker: after } : {}) }));
    yield* page.Parts ?? [];
  } while (page.IsTruncated);
}
