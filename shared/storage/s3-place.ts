import { S3Client } from '@aws-sdk/client-s3';
import type { Config } from '../config.ts';

/** A bucket, or a prefix in it. */
export interface S3Place {
  client: S3Client;
  bucket: string;
  /** Empty, or ends with a slash. */
  prefix: string;
  /** The name used in messages to operators. */
  name: string;
  /** An upload without activity for this long has no live writer. */
  abandonedAfterMs: number;
}

/** A killed worker is detected after 10 s without a heartbeat, and its last heartbeat may lag by 8 s. */
const ABANDONED_AFTER_MS = 2_000;
const CONNECT_WITHIN_MS = 5_000;
/** A connection without traffic for this long is dead, or its reader is slow; the reader resumes by range requests. */
const SILENCE_AT_MOST_MS = 120_000;
/** Each slow download holds a connection; the others must not wait for it. */
const CONNECTIONS = 500;

export type S3Config = Pick<
  Config,
  'S3_ENDPOINT' | 'S3_REGION' | 'S3_PREFIX' | 'S3_ACCESS_KEY_ID' | 'S3_SECRET_ACCESS_KEY' | 'S3_FORCE_PATH_STYLE'
> & { S3_BUCKET: string };

/** Creates the configured bucket's client and settings. */
export function createS3Place(config: S3Config): S3Place {
  const { S3_BUCKET: bucket, S3_PREFIX: path, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY } = config;
  const agent = { maxSockets: CONNECTIONS, keepAlive: true };
  const client = new S3Client({
    region: config.S3_REGION,
    forcePathStyle: config.S3_FORCE_PATH_STYLE,
    ...(config.S3_ENDPOINT ? { endpoint: config.S3_ENDPOINT } : {}),
    // Without keys, the SDK uses the AWS environment, its files, or the role of the container or machine.
    ...(S3_ACCESS_KEY_ID && S3_SECRET_ACCESS_KEY
      ? { credentials: { accessKeyId: S3_ACCESS_KEY_ID, secretAccessKey: S3_SECRET_ACCESS_KEY } }
      : {}),
    // Signatures cover the SHA-256 of each body; servers other than AWS do not support further checksums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_WITHIN_MS,
      socketTimeout: SILENCE_AT_MOST_MS,
      httpAgent: agent,
      httpsAgent: agent,
    },
  });
  return {
    client,
    bucket,
    prefix: path === '' ? '' : `${path}/`,
    name: `the bucket ${[bucket, path].filter(Boolean).join('/')} (S3_BUCKET, S3_PREFIX)`,
    abandonedAfterMs: ABANDONED_AFTER_MS,
  };
}
