import { expect, it } from 'vitest';
import { parseConfig } from './config.ts';

const good = { DATABASE_URL: 'postgres://u:p@127.0.0.1/db', SECRET: 'x'.repeat(32) };

it('parses the environment and treats empty variables as not set', () => {
  expect(parseConfig({ ...good, API_PORT: '8080', TEMPORAL_TLS: 'true', TEMPORAL_API_KEY: '' })).toMatchObject({
    API_PORT: 8080,
    TEMPORAL_TLS: true,
    TEMPORAL_NAMESPACE: 'default',
  });
});

it('reports all invalid variables at once', () => {
  const parse = () => parseConfig({ DATABASE_URL: 'mysql://x', API_PORT: 'many', SECRET: 'short' });
  expect(parse).toThrow(/DATABASE_URL: [\s\S]*API_PORT: [\s\S]*SECRET: /);
});

it('accepts a bucket for storage, with both parts of an access key or neither', () => {
  const s3 = { ...good, S3_BUCKET: 'files', S3_ENDPOINT: 'http://127.0.0.1:8333', S3_PREFIX: '/a/b.c/' };
  expect(parseConfig(s3)).toMatchObject({ S3_BUCKET: 'files', S3_PREFIX: 'a/b.c', S3_REGION: 'us-east-1' });
  expect(() => parseConfig({ ...s3, S3_BUCKET: '', S3_ACCESS_KEY_ID: 'id' })).toThrow(
    /S3_BUCKET: [\s\S]*S3_SECRET_ACCESS_KEY: /,
  );
  expect(() => parseConfig({ ...s3, S3_BUCKET: 's3://files', S3_PREFIX: 'a/../b' })).toThrow(
    /S3_BUCKET: [\s\S]*S3_PREFIX: /,
  );
});

it('requires the variables of a token issuer together', () => {
  expect(() => parseConfig({ ...good, JWT_ISSUER: 'https://issuer.example' })).toThrow(
    /JWT_AUDIENCE: [\s\S]*JWT_JWKS_URL: /,
  );
});

it('parses watched services, one of which may stand for the AI model', () => {
  const text =
    ' web=https://u:p%2Cq@example.com/x=1 ,, queue=tcp://[::1]:5672, cache=rediss://:pw@c:6380, other_db=postgresql://h/d';
  const { WATCHED_SERVICES: services } = parseConfig({ ...good, WATCHED_SERVICES: text, AI_MODEL_SERVICE: 'web' });
  expect(services.map(({ name, kind, url }) => [name, kind, url.hostname])).toEqual([
    ['web', 'http', 'example.com'],
    ['queue', 'tcp', '[::1]'],
    ['cache', 'redis', 'c'],
    ['other_db', 'postgres', 'h'],
  ]);
  expect(parseConfig(good)).toMatchObject({ WATCHED_SERVICES: [], HOST_SAMPLE_SECONDS: 15, HOST_SAMPLES_DAYS: 14 });
  expect(() => parseConfig({ ...good, WATCHED_SERVICES: text, AI_MODEL_SERVICE: 'model' })).toThrow(
    /AI_MODEL_SERVICE: .*model/,
  );
});

it('reports every invalid watched service, without its password', () => {
  const faulty = [
    'Web=http://h',
    'http://h',
    'database=postgres://h/d',
    'a=http://h',
    'a=http://h',
    'b=ftp://h',
    'c=tcp://h',
    'd=redis://:secret%zz@h',
    'e=http://',
  ].join(',');
  const parse = () => parseConfig({ ...good, WATCHED_SERVICES: faulty, HOST_SAMPLE_SECONDS: '61' });
  const entries = [1, 2, 3, 5, 6, 7, 8, 9].map((n) => `WATCHED_SERVICES: entry ${n} [^\\n]+\\n`).join(' *');
  expect(parse).toThrow(new RegExp(`${entries} *HOST_SAMPLE_SECONDS: `));
  expect(parse).not.toThrow(/secret/);
});
