import { S3Client } from '@aws-sdk/client-s3';
import type { Config } from '../config.ts';

/** A bucket, or the part of it that is ours. */
export interface S3Place {
  client: S3Client;
  bucket: string;
  /** Empty, or with a slash at its end. */
  prefix: string;
  /** What an operator knows it by. */
  name: string;
  /** An upload that did not move for so long has lost its writer. */
  abandonedAfterMs: number;
}

/** A killed worker is noticed after 10 seconds without a heartbeat, the last of which may be 8 seconds older. */
const ABANDONED_AFTER_MS = 2_000;
const CONNECT_WITHIN_MS = 5_000;
/** A connection on which nothing moves for so long is dead, or its reader is: that one goes on by ranges. */
const SILENCE_AT_MOST_MS = 120_000;
/** Slow downloads hold a connection each and must not keep the others waiting. */
const CONNECTIONS = 500;

export type S3Config = Pick<
  Config,
  'S3_ENDPOINT' | 'S3_REGION' | 'S3_PREFIX' | 'S3_ACCESS_KEY_ID' | 'S3_SECRET_ACCESS_KEY' | 'S3_FORCE_PATH_STYLE'
> & { S3_BUCKET: string };

/** The bucket that the configuration names. */
export function createS3Place(config: S3Config): S3Place {
  const { S3_BUCKET: bucket, S3_PREFIX: path, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY } = config;
  const agent = { maxSockets: CONNECTIONS, keepAlive: true };
  const client = new S3Client({
    region: config.S3_REGION,
    forcePathStyle: config.S3_FORCE_PATH_STYLE,
    ...(config.S3_ENDPOINT ? { endpoint: config.S3_ENDPOINT } : {}),
    // Without keys: the environment of AWS, its files, the role of the container or machine.
    ...(S3_ACCESS_KEY_ID && S3_SECRET_ACCESS_KEY
      ? { credentials: { accessKeyId: S3_ACCESS_KEY_ID, secretAccessKey: S3_SECRET_ACCESS_KEY } }
      : {}),
    // Signatures cover the SHA-256 of each body; other servers than that of AWS do not know more checksums.
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
