import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, ListMultipartUploadsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { inject } from 'vitest';
import { createLocalStorage } from '../../shared/storage/local.ts';
import { createS3Storage } from '../../shared/storage/s3.ts';
import { createS3Place, type S3Config, type S3Place } from '../../shared/storage/s3-place.ts';
import type { Storage } from '../../shared/storage/storage.ts';
import type { S3Access } from './s3-server.ts';

/** A storage of a test's own, and what lies in it as seen from behind. */
export interface TestPlace {
  storage: Storage;
  /** Everything in it, unfinished files and uploads too. */
  contents(): Promise<string[]>;
  close(): Promise<void>;
}

/** The configuration of a new, empty bucket. */
export async function newBucket(): Promise<S3Config> {
  const { endpoint, accessKeyId, secretAccessKey } = inject('s3');
  const config: S3Config = {
    S3_BUCKET: `test-${randomUUID()}`,
    S3_ENDPOINT: endpoint,
    S3_REGION: 'us-east-1',
    S3_PREFIX: '',
    S3_ACCESS_KEY_ID: accessKeyId,
    S3_SECRET_ACCESS_KEY: secretAccessKey,
    S3_FORCE_PATH_STYLE: true,
  };
  await createS3Place(config).client.send(new CreateBucketCommand({ Bucket: config.S3_BUCKET }));
  return config;
}

/** The environment of a service whose files are in a new bucket. */
export async function newBucketEnv(): Promise<Record<string, string>> {
  const { S3_BUCKET } = await newBucket();
  const { endpoint, accessKeyId, secretAccessKey } = inject('s3');
  return {
    S3_BUCKET,
    S3_ENDPOINT: endpoint,
    S3_PREFIX: 'reports-of/tests',
    S3_ACCESS_KEY_ID: accessKeyId,
    S3_SECRET_ACCESS_KEY: secretAccessKey,
    S3_FORCE_PATH_STYLE: 'true',
  };
}

/** A folder. */
export async function localPlace(): Promise<TestPlace> {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-storage-'));
  return {
    storage: createLocalStorage(folder),
    async contents() {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile());
      return files.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).sort();
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A part of a bucket. */
export async function s3Place(): Promise<TestPlace & { place: S3Place; config: S3Config; access: S3Access }> {
  const config = { ...(await newBucket()), S3_PREFIX: 'some/where' };
  const place = { ...createS3Place(config), abandonedAfterMs: 0 };
  const { client, bucket: Bucket, prefix } = place;
  return {
    place,
    config,
    access: inject('s3'),
    storage: createS3Storage(place),
    async contents() {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }));
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket }));
      const uploads = Uploads.map(({ Key }) => `upload of ${Key?.slice(prefix.length)}`);
      return [...Contents.map(({ Key = '' }) => Key.slice(prefix.length)), ...uploads].sort();
    },
    close: async () => client.destroy(),
  };
}
