import { OpenAPIRegistry, OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi';
import { BASE_PATH } from '../http/base-path.ts';
import type { ProblemCode } from '../http/problem-codes.ts';
import type { Route } from '../route.ts';
import { FAULTS, faultsOf, problemSchema } from './faults.ts';
import { operationOf } from './operation.ts';
import { TAGS } from './tags.ts';

const DESCRIPTION = `Durable analytics for AI-agent platforms.

- **Credential**: \`Authorization: Bearer <API key or JWT>\`. Every record belongs to the credential's organisation;
  \`org_id\` is optional in queries, bodies and records, and must be that organisation.
- **Times** are ISO 8601 with an offset, answered in UTC. Money is USD, stored exactly. Names of durations carry their unit.
- **Ranges**: \`period\`, or \`days\`, or \`start_date\` with \`end_date\`; default: the last 7 days, at most 400.
- **Lists** answer \`{"data": […], "next_cursor": …}\`, the latest first.
- **Errors** are problem documents (RFC 9457). Unknown parameters and fields are rejected.
- **Retries**: a record with a known id is merged; other calls are idempotent under an \`Idempotency-Key\`.
- Every answer carries \`X-Request-Id\`, and with a credential \`RateLimit-Limit\`, \`RateLimit-Remaining\` and \`RateLimit-Reset\`.
- Clients must ignore unknown fields of answers.

The same routes are served under \`/api/analytics\`, and with or without a trailing slash.`;

/** The OpenAPI 3.1 document of these routes, from the schemas that parse their requests and type their answers. */
export function openApiDocument(routes: readonly Route[]) {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'credential', {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key (`tm_…`), or a JWT of the configured issuer.',
  });
  for (const route of routes) registry.registerPath(operationOf(route));
  const faults = new Map(
    routes.flatMap((route) => [...faultsOf(route)].map(([status, codes]) => [codes.join(), { status, codes }])),
  );
  for (const { status, codes } of faults.values()) registerFault(registry, status, codes);
  const document = new OpenApiGeneratorV31([
    { type: 'schema', schema: problemSchema },
    ...registry.definitions,
  ]).generateDocument({
    openapi: '3.1.0',
    info: { title: 'Tidemark', version: '1', description: DESCRIPTION, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: BASE_PATH }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
  });
  // The generator adds an empty list of webhooks.
  const { webhooks: _, ...rest } = document;
  return rest;
}

function registerFault(registry: OpenAPIRegistry, status: number, codes: readonly ProblemCode[]): void {
  const retried = status === 429 || status === 503;
  registry.registerComponent('responses', codes.join('-or-'), {
    description: codes.map((code) => FAULTS[code]).join(' Or: '),
    ...(retried && {
      headers: { 'Retry-After': { description: 'Seconds until a retry.', schema: { type: 'integer' as const } } },
    }),
    ...(status === 401 && {
      headers: {
        'WWW-Authenticate': { description: 'The authentication scheme.', schema: { type: 'string' as const } },
      },
    }),
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        example: { type: `urn:tidemark:problem:${codes[0]}`, title: FAULTS[codes[0] ?? 'validation'], status },
      },
    },
  });
}
