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
