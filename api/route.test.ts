import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { defineRoute } from './route.ts';

const described = { method: 'GET', access: 'none', tag: 'Health', summary: 'a test' } as const;
const answers = { 200: { description: 'a count', schema: z.object({ count: z.number() }) } } as const;

it('types what a handler receives', () => {
  const route = defineRoute({
    ...described,
    method: 'POST',
    path: '/things/:thing/parts/:part',
    query: z.strictObject({ limit: z.coerce.number() }),
    body: z.strictObject({ name: z.string() }),
    answers,
    async handle(_, { params, query, body }) {
      const texts: string[] = [params.thing, params.part, body.name];
      // @ts-expect-error: not in the path
      texts.push(params.whole);
      // @ts-expect-error: not in the query
      texts.push(query.cursor);
      return { status: 200, body: { count: query.limit + texts.length } };
    },
  });
  expect(route.takesIdempotencyKey).toBe(true);
});

it('types what a handler returns', () => {
  const path = '/counts';
  const routes = [
    defineRoute({
      ...described,
      path,
      answers,
      // @ts-expect-error: a missing field
      handle: async () => ({ status: 200, body: {} }),
    }),
    defineRoute({
      ...described,
      path,
      answers,
      // @ts-expect-error: a field of another type
      handle: async () => ({ status: 200, body: { count: '1' } }),
    }),
    defineRoute({
      ...described,
      path,
      answers,
      // @ts-expect-error: an undeclared status
      handle: async () => ({ status: 201, body: { count: 1 } }),
    }),
    defineRoute({
      ...described,
      path,
      answers: { 204: { description: 'nothing' } },
      handle: async () => ({ status: 204 }),
    }),
  ];
  expect(routes).toHaveLength(4);
});

it('lets one status answer JSON or a file', () => {
  const route = defineRoute({
    ...described,
    path: '/counts',
    answers: { 200: { ...answers[200], files: { 'text/csv': z.string() } } },
    async handle({ accepts }) {
      if (accepts('application/json', 'text/csv') === 'application/json') return { status: 200, body: { count: 1 } };
      return { status: 200, stream: Readable.from(['count\n1\n']), headers: { 'Content-Type': 'text/csv' } };
    },
  });
  expect(Object.keys(route.answers)).toEqual(['200']);
});
