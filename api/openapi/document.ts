import { OpenAPIRegistry, OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi';
import { BASE_PATH } from '../http/base-path.ts';
import type { ProblemCode } from '../http/problem-codes.ts';
import type { Route } from '../route.ts';
import { FAULTS, faultsOf, problemSchema } from './faults.ts';
import { operationOf } from './operation.ts';
import { TAGS } from './tags.ts';

const DESCRIPTION = `Durable analytics for AI-agent platforms.

- **Credential**: \`Authorization: Bearer <API key or JWT>\`. Every record belongs to the credential's organisation;
  \`org_id\` may be said in any query, body or record, but only as what it is.
- **Times** are ISO 8601 with an offset, answered in UTC. Money is USD, stored exact. Durations carry their unit in the name.
- **Ranges**: \`period\`, or \`days\`, or \`start_date\` with \`end_date\`; the last 7 days where none is given, 400 at most.
- **Lists** answer \`{"data": […], "next_cursor": …}\`, the latest first.
- **Faults** are problem documents (RFC 9457). Parameters and fields that are not documented are refused.
- **Retries are safe**: a record with a known id is merged; everything else is safe under an \`Idempotency-Key\`.
- Every answer carries \`X-Request-Id\`, and with a credential \`RateLimit-Limit\`, \`RateLimit-Remaining\` and \`RateLimit-Reset\`.
- An answer may carry more than is documented.

The same calls answer under \`/api/analytics\`, and with or without a slash at the end.`;

/** The OpenAPI 3.1 document of these routes, from the schemas that check their requests. */
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
  // The generator lists webhooks even where there are none.
  const { webhooks: _, ...rest } = document;
  return rest;
}

function registerFault(registry: OpenAPIRegistry, status: number, codes: readonly ProblemCode[]): void {
  const retried = status === 429 || status === 503;
  registry.registerComponent('responses', codes.join('-or-'), {
    description: codes.map((code) => FAULTS[code]).join(' Or: '),
    ...(retried && {
      headers: { 'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer' as const } } },
    }),
    ...(status === 401 && {
      headers: { 'WWW-Authenticate': { description: 'How to authenticate.', schema: { type: 'string' as const } } },
    }),
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        example: { type: `urn:tidemark:problem:${codes[0]}`, title: FAULTS[codes[0] ?? 'validation'], status },
      },
    },
  });
}
