import type { Config } from '../config.ts';
import { createLocalStorage } from './local.ts';
import { createS3Storage } from './s3.ts';
import { createS3Place, type S3Config } from './s3-place.ts';
import type { Storage } from './storage.ts';

export type StorageConfig = Pick<Config, 'STORAGE_DIR' | 'S3_BUCKET'> & Omit<S3Config, 'S3_BUCKET'>;

/** Creates the configured storage: S3 if a bucket is set, otherwise a local folder. */
export function createStorage(config: StorageConfig): Storage {
  const { S3_BUCKET } = config;
  if (S3_BUCKET === undefined) return createLocalStorage(config.STORAGE_DIR);
  return createS3Storage(createS3Place({ ...config, S3_BUCKET }));
}
