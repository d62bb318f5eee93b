import { randomUUID } from 'node:crypto';
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openApiDocument } from '../../api/openapi/document.ts';
import { operationIdOf, pathOf } from '../../api/openapi/operation.ts';
import { routes } from '../../api/routes/index.ts';
import { schemaName } from '../../api/routes/telemetry/stored-schema.ts';
import { PAUSE_SIGNAL } from '../../shared/contracts/runs.ts';
import { dimensions } from '../../shared/facts/dimensions.ts';
import { factList } from '../../shared/facts/index.ts';
import { organisationAttribute, taskQueues } from '../../shared/temporal.ts';
import type { ApiClient } from '../service/api-client.ts';
import { createConformance, type Exchange } from '../service/conformance.ts';
import { startService, type TestService } from '../service/service.ts';

let service: TestService;
let operator: ApiClient;
beforeAll(async () => {
  service = await startService({ workers: true });
  operator = await service.clientFor('acme', 'operator');
});
afterAll(() => service.close());

const document = JSON.parse(JSON.stringify(openApiDocument(routes)));

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    expect(document.openapi).toBe('3.1.0');
    expect(await new Validator().validate(structuredClone(document))).toEqual({ valid: true });
  });

  it('documents every route once, and nothing else', () => {
    const documented = Object.entries<object>(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(documented.sort()).toEqual(routes.map((route) => `${route.method} ${pathOf(route)}`).sort());
    expect(new Set(routes.map(operationIdOf)).size).toBe(routes.length);
  });

  it.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))(
    'documents summary, responses, security and examples of %s',
    (_, route) => {
      const operation = document.paths[pathOf(route)][route.method.toLowerCase()];
      expect(operation.summary).not.toBe('');
      expect(Object.keys(operation.responses).some((status) => status.startsWith('2'))).toBe(true);
      expect(operation.security[0]).toEqual(route.access === 'none' ? undefined : { credential: [] });
      if (route.body !== undefined) {
        const { schema, example } = operation.requestBody.content['application/json'];
        expect(schema.type ?? schema.anyOf ?? schema.oneOf, 'body').toBeDefined();
        expect(example, 'example.body').toBeDefined();
      }
      for (const parameter of operation.parameters ?? []) {
        if (parameter.in === 'path') expect(parameter.schema.example, 'example.params').toBeDefined();
      }
    },
  );

  it.each(factList)('documents every field and column of $kind', (fact) => {
    const sent = document.components.schemas[`${schemaName(fact.recordType)}Record`];
    expect(Object.keys(sent.properties).sort()).toEqual(
      ['type', ...Object.keys(fact.wire.shape), ...Object.keys(fact.aliases)].sort(),
    );
    const { schemas } = document.components;
    const stored = schemas[schemaName(fact.recordType)] ?? schemas[`Logged${schemaName(fact.recordType)}`];
    expect(Object.keys(stored.properties)).toEqual(
      expect.arrayContaining([fact.idColumn, fact.timeColumn, ...Object.keys(fact.columns)]),
    );
  });

  it.each(Object.values(dimensions))('documents every field of $name', ({ recordType, wire }) => {
    const sent = document.components.schemas[`${schemaName(recordType)}Record`];
    expect(Object.keys(sent.properties).sort()).toEqual(['type', ...Object.keys(wire.shape)].sort());
  });
});

/** Paths whose example needs an existing object. @returns the id of a new one */
const makers: Record<string, () => Promise<string>> = {
  '/reports/:id': async () => {
    const { json } = await operator.report({ name: 'r', report_type: 'events', format: 'csv' });
    return json.id;
  },
  '/errors/:id': async () => (await operator.post('/errors/log', { level: 'ERROR', message: 'm' })).json.id,
  '/erasures/:id': async () => (await operator.post('/users/nobody/erase')).json.id,
  '/workflow-runs/:id': async () => {
    const workflowId = `backfill/${randomUUID()}`;
    // Paused from the start, so that it is still open when the example runs.
    await service.temporal.workflow.signalWithStart('backfill', {
      signal: PAUSE_SIGNAL,
      workflowId,
      taskQueue: taskQueues(service.config).general,
      args: [
        {
          orgId: 'acme',
          startDate: '2026-01-01',
          endDate: '2026-01-01',
          force: false,
        },
      ],
      typedSearchAttributes: [{ key: organisationAttribute, value: 'acme' }],
    });
    return encodeURIComponent(workflowId);
  },
  '/api-keys/:id': async () => (await operator.post('/api-keys', { name: 'k', role: 'ingest' })).json.id,
};

describe.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))('%s', (_, route) => {
  it('answers its example request with a documented success', async () => {
    const operation = document.paths[pathOf(route)][route.method.toLowerCase()];
    const make = Object.entries(makers).find(([path]) => route.path.startsWith(path))?.[1];
    const examples = Object.entries(route.example?.params ?? {});
    const made = make ? await make() : undefined;
    const path = examples.reduce((rest, [name, id]) => rest.replace(`:${name}`, made ?? id), route.path);
    const contents = Object.entries<{ example?: unknown }>(operation.requestBody?.content ?? { none: {} });
    for (const [type, { example }] of contents) {
      // The client checks the response against the document.
      const headers: Record<string, string> = type === 'none' ? {} : { 'content-type': type };
      const { status, json } = await operator.send(route.method, path, example, headers);
      expect(status, JSON.stringify(json)).toBeLessThan(300);
      if (route.path === '/batch') expect(json.rejected).toBe(0);
    }
  });
});

describe('the conformance check of all API tests', () => {
  const check = createConformance(routes);
  const problem = { type: 'urn:tidemark:problem:validation', title: 't', status: 400 };
  const exchange: Exchange = {
    method: 'POST',
    path: '/track',
    sent: {},
    status: 202,
    contentType: 'application/json',
    received: undefined,
  };

  it.each([
    ['a status', { status: 418, contentType: 'application/problem+json', received: problem }],
    ['a content type', { contentType: 'text/html', received: '<p>' }],
    ['a field', { received: { event_id: 'e', more: 1 } }],
    ['a missing field', { received: {} }],
    [
      'a field of a problem',
      { status: 400, contentType: 'application/problem+json', received: { ...problem, more: 1 } },
    ],
    ['an accepted parameter', { path: '/track?colour=red', received: { event_id: 'e' } }],
    ['an accepted body field', { sent: { colour: 'red' }, received: { event_id: 'e' } }],
    ['a working path', { path: '/tracks', received: { event_id: 'e' } }],
  ])('rejects %s that is not documented', (_, change) => {
    expect(() => check({ ...exchange, ...change })).toThrow();
  });

  it('passes documented exchanges', () => {
    check({ ...exchange, received: { event_id: 'e' } });
    check({ ...exchange, status: 400, contentType: 'application/problem+json', received: problem });
  });
});

describe('the API reference', () => {
  const fetched = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${service.origin}${path}`, { headers });

  it.each(['', '/api/v1/analytics', '/api/analytics'])('is public under "%s"', async (base) => {
    expect(await (await fetched(`${base}/openapi.json`)).json()).toEqual(document);
    const page = await fetched(`${base}/docs`);
    expect(page.headers.get('content-type')).toContain('text/html');
    const scripts = [...(await page.text()).matchAll(/<script src="(?<path>[^"]*)"/g)].map(
      ({ groups }) => groups?.path ?? '',
    );
    expect(scripts).toHaveLength(2);
    for (const path of scripts) {
      expect(path.startsWith(`${base}/docs/`)).toBe(true);
      const script = await fetched(path);
      expect([script.status, script.headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8']);
    }
  });

  it('loads nothing from other origins: its policy allows neither them nor inline scripts', async () => {
    const policy = (await fetched('/docs')).headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("connect-src 'self'");
    expect(policy).not.toMatch(/https?:|\*|unsafe-eval/);
  });

  it('is cacheable, and answers a matching ETag with 304', async () => {
    const html = await (await fetched('/docs')).text();
    const path = /\/docs\/scalar-\w+\.js/.exec(html)?.[0] ?? '';
    const bundle = await fetched(path);
    expect(bundle.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect((await bundle.text()).length).toBeGreaterThan(1_000_000);
    const etag = bundle.headers.get('etag') ?? '';
    // By default fetch would send no-cache.
    const kept = { 'if-none-match': etag, 'cache-control': 'max-age=0' };
    expect((await fetched(path, kept)).status).toBe(304);
    expect((await fetched('/docs/scalar-0.js')).status).toBe(404);
  });
});
