import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { factList } from '../../shared/facts/index.ts';
import type { ApiClient } from '../service/api-client.ts';
import { startService, type TestService } from '../service/service.ts';

let service: TestService;
let client: ApiClient;
beforeAll(async () => {
  service = await startService({ workers: false });
  client = await service.clientFor('fuzz', 'admin');
});
afterAll(() => service.close());

/** Valid-looking values, near misses and arbitrary JSON, including strings with NUL and lone surrogates. */
const value = fc.oneof(
  fc.constantFrom(
    'success',
    'in_progress',
    'ERROR',
    'GET',
    'gpt-4o',
    '2026-11-01T00:00:00Z',
    '2026-02-30T00:00:00Z',
    '9999-12-31T23:59:59Z',
  ),
  fc.date({ noInvalidDate: true }).map((at) => at.toISOString()),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(0, -1, 1.5, 1e308, 2 ** 31, 2 ** 53, 2 ** 63, 5e-324),
  fc.constantFrom('\u0000', '\ud800', "'; --", '{"a":', 'x'.repeat(200)),
  fc.jsonValue(),
  fc.array(fc.string(), { maxLength: 3 }),
);

const record = fc
  .constantFrom(...factList)
  .chain((fact) =>
    fc
      .record(Object.fromEntries(Object.keys(fact.wire.shape).map((field) => [field, value])), { requiredKeys: [] })
      .map((fields) => ({ ...fields, type: fact.recordType })),
  );

it('answers any batch with 202 and the counts of accepted, duplicate and rejected records', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(record, fc.jsonValue()), { maxLength: 20 }), async (batch) => {
      const { status, json } = await client.post('/batch', batch);
      expect(status).toBe(202);
      expect(json.accepted + json.duplicates + json.rejected).toBe(batch.length);
      expect(new Set(json.errors.map((error: { index: number }) => error.index)).size).toBe(json.rejected);
    }),
    { numRuns: 300 },
  );
});

it('answers any single record with 2xx, or with 4xx and the invalid fields', async () => {
  const paths: Record<string, string> = {
    event: '/events',
    execution: '/executions',
    error: '/errors/log',
    session: '/sessions',
  };
  await fc.assert(
    fc.asyncProperty(record, async ({ type, ...fields }) => {
      const { status, json } = await client.post(paths[type] ?? '/api-calls', fields);
      expect(status).toBeOneOf([200, 201, 400, 403]);
      if (status === 400) expect(json.errors.length).toBeGreaterThan(0);
    }),
    { numRuns: 300 },
  );
});

it('answers any query and any report request with 2xx or 4xx', async () => {
  const names = [
    'limit',
    'cursor',
    'search',
    'user_id',
    'period',
    'days',
    'start_date',
    'end_date',
    'min_steps',
    'status',
    'agent_id',
  ];
  const query = fc.dictionary(
    fc.constantFrom(...names),
    fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('1', '-1', '1e9', 'NaN', '7d', '2026-01-01', '%00')),
  );
  await fc.assert(
    fc.asyncProperty(query, fc.constantFrom('/executions', '/reports'), async (fields, path) => {
      const text = Object.entries(fields)
        .map(([name, text]) => `${name}=${encodeURIComponent(text.toWellFormed())}`)
        .join('&');
      expect((await client.get(`${path}?${text}`)).status).toBeOneOf([200, 400]);
    }),
    { numRuns: 300 },
  );
  const report = fc.record(
    {
      name: value,
      report_type: fc.constantFrom('executions', 'events', 'x'),
      format: fc.constantFrom('csv', 'x'),
      parameters: fc.oneof(value, fc.record({ filters: fc.dictionary(fc.string(), value) })),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(report, async (body) => {
      expect((await client.post('/reports', body)).status).toBeOneOf([202, 400]);
    }),
    { numRuns: 100 },
  );
});
