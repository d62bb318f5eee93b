import { expect, it } from 'vitest';
import { parseConfig } from './config.ts';

const good = { DATABASE_URL: 'postgres://u:p@127.0.0.1/db', SECRET: 'x'.repeat(32) };

it('reads the environment, empty variables as not set', () => {
  expect(parseConfig({ ...good, API_PORT: '8080', TEMPORAL_TLS: 'true', TEMPORAL_API_KEY: '' })).toMatchObject({
    API_PORT: 8080,
    TEMPORAL_TLS: true,
    TEMPORAL_NAMESPACE: 'default',
  });
});

it('names every fault at once', () => {
  const parse = () => parseConfig({ DATABASE_URL: 'mysql://x', API_PORT: 'many', SECRET: 'short' });
  expect(parse).toThrow(/DATABASE_URL: [\s\S]*API_PORT: [\s\S]*SECRET: /);
});

it('takes a bucket for storage, with both halves of a key or none', () => {
  const s3 = { ...good, S3_BUCKET: 'files', S3_ENDPOINT: 'http://127.0.0.1:8333', S3_PREFIX: '/a/b.c/' };
  expect(parseConfig(s3)).toMatchObject({ S3_BUCKET: 'files', S3_PREFIX: 'a/b.c', S3_REGION: 'us-east-1' });
  expect(() => parseConfig({ ...s3, S3_BUCKET: '', S3_ACCESS_KEY_ID: 'id' })).toThrow(
    /S3_BUCKET: [\s\S]*S3_SECRET_ACCESS_KEY: /,
  );
  expect(() => parseConfig({ ...s3, S3_BUCKET: 's3://files', S3_PREFIX: 'a/../b' })).toThrow(
    /S3_BUCKET: [\s\S]*S3_PREFIX: /,
  );
});

it('takes an issuer of tokens whole or not at all', () => {
  expect(() => parseConfig({ ...good, JWT_ISSUER: 'https://issuer.example' })).toThrow(
    /JWT_AUDIENCE: [\s\S]*JWT_JWKS_URL: /,
  );
});
