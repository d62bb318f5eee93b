import type { RouteConfig, ZodMediaTypeObject } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import type { AnswerDescription } from '../answer.ts';
import type { Body, Route } from '../route.ts';
import { faultsOf } from './faults.ts';
import { described } from './fields.ts';

const METHODS = { GET: 'get', POST: 'post', PUT: 'put', PATCH: 'patch', DELETE: 'delete' } as const;

const idempotencyKey = z
  .string()
  .max(255)
  .optional()
  .meta({ description: 'Makes the request safe to repeat: the same key gets the first answer for 48 hours.' });

const linkShape = {
  org_id: z.string().optional().meta({ description: 'Part of a signed link.' }),
  expires: z.string().optional().meta({ description: 'Part of a signed link.' }),
  signature: z.string().optional().meta({ description: 'Part of a signed link; replaces the credential.' }),
};

/** The OpenAPI operation of a route. */
export function operationOf(route: Route): RouteConfig {
  const isOpen = route.access === 'none';
  const isSigned = route.access !== 'none' && route.access.signed === true;
  const query = { ...route.query.shape, ...(isSigned ? linkShape : {}) };
  const headers = {
    ...route.headers?.shape,
    ...(route.takesIdempotencyKey ? { 'Idempotency-Key': idempotencyKey } : {}),
  };
  const params = paramsOf(route);
  const body = bodyOf(route);
  return {
    method: METHODS[route.method],
    path: pathOf(route),
    operationId: operationIdOf(route),
    tags: [route.tag],
    summary: route.summary,
    description: [route.description, accessOf(route)].filter((text) => text !== undefined).join('\n\n'),
    security: isOpen ? [] : [{ credential: [] }, ...(isSigned ? [{}] : [])],
    request: {
      ...(Object.keys(params).length > 0 && { params: z.object(params) }),
      ...(Object.keys(query).length > 0 && { query: z.strictObject(described(query)) }),
      ...(Object.keys(headers).length > 0 && { headers: z.object(headers) }),
      ...(body && { body: { required: true, content: body } }),
    },
    responses: { ...answersOf(route), ...faultAnswersOf(route) },
  };
}

/** `/executions/:id` → `/executions/{id}`. */
export function pathOf(route: Route): string {
  return route.path.replace(/:(\w+)/g, '{$1}');
}

/** `GET /reports/:id/download` → `getReportsByIdDownload`: stable as long as the route is. */
export function operationIdOf(route: Route): string {
  const words = route.path.split(/[/-]/).filter((word) => word !== '');
  const name = words.map((word) => (word.startsWith(':') ? `By${capital(word.slice(1))}` : capital(word))).join('');
  return `${METHODS[route.method]}${name}`;
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function accessOf({ access }: Route): string {
  if (access === 'none') return 'Requires no credential.';
  const { least, scope, self } = access;
  const narrowed = self ? '; members get their own data only' : '';
  return `Requires the role \`${least}\` or higher${narrowed}. A key with scopes requires \`${scope}\`.`;
}

function paramsOf(route: Route): z.ZodRawShape {
  const names = [...route.path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
  return Object.fromEntries(
    names.map((name) => {
      const example = route.example?.params?.[name];
      return [
        name,
        z
          .string()
          .min(1)
          .meta(example === undefined ? {} : { example }),
      ];
    }),
  );
}

function bodyOf({ body, example }: Route): Record<string, ZodMediaTypeObject> | undefined {
  if (body === undefined) return undefined;
  const sample = example?.body;
  const json = { schema: describedBody(schemaOf(body)), ...(sample === undefined ? {} : { example: sample }) };
  if (body instanceof z.ZodType || body.kind === 'record') return { 'application/json': json };
  const lines = Array.isArray(sample) ? sample.map((line) => `${JSON.stringify(line)}\n`).join('') : '';
  const schema = z.string().meta({ description: 'One record a line; an invalid line is one rejected record.' });
  return { 'application/json': json, 'application/x-ndjson': { schema, example: lines } };
}

function schemaOf(body: Body): z.ZodType {
  return body instanceof z.ZodType ? body : body.documentedBy;
}

function describedBody(schema: z.ZodType): z.ZodType {
  if (!(schema instanceof z.ZodObject)) return schema;
  return z.strictObject(described(schema.shape)).meta({ description: schema.description });
}

function answersOf(route: Route): RouteConfig['responses'] {
  return Object.fromEntries(Object.entries(route.answers).map(([status, answer]) => [status, answerOf(answer)]));
}

function answerOf({ description, schema, files, headers = {} }: AnswerDescription) {
  const content: Record<string, ZodMediaTypeObject> = Object.fromEntries(
    Object.entries(files ?? {}).map(([type, file]) => [type, { schema: file }]),
  );
  if (schema) content['application/json'] = { schema };
  return {
    description,
    ...(Object.keys(content).length > 0 && { content }),
    ...(Object.keys(headers).length > 0 && { headers: headersOf(headers) }),
  };
}

function headersOf(headers: Readonly<Record<string, string>>) {
  return Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: 'string' as const } }]),
  );
}

function faultAnswersOf(route: Route): RouteConfig['responses'] {
  const answers = [...faultsOf(route)].filter(([status]) => !(status in route.answers));
  return Object.fromEntries(
    answers.map(([status, codes]) => [status, { $ref: `#/components/responses/${codes.join('-or-')}` }]),
  );
}
