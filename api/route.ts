import type { Readable } from 'node:stream';
import type { z } from 'zod';
import type { Credential } from '../shared/auth.ts';
import type { Entities } from '../shared/db/orm.ts';
import type { PrivacySettings } from '../shared/domain/privacy.ts';
import type { Role, Scope } from '../shared/domain/roles.ts';
import { validationError } from '../shared/errors.ts';
import { fieldErrors } from '../shared/facts/field-errors.ts';
import type { AuditAction } from '../shared/organisations/audit.ts';
import type { Dependencies } from './dependencies.ts';
import type { RequestBody } from './http/body.ts';
import type { ProblemCode } from './http/problem-codes.ts';
import type { Tag } from './openapi/tags.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/**
 * Who may call a route. `self`: a member too, and gets the answer narrowed to its own data. `signed`: also whoever has a
 * link to it that we signed (api/http/signed-link.ts).
 */
export type Access = 'none' | { least: Role; scope: Scope; self?: true; signed?: true };

export interface Answer {
  status: number;
  body?: object;
  stream?: Readable;
  headers?: Record<string, string>;
  /** Fields of the body that are shown this once: an `Idempotency-Key` does not keep them. */
  secrets?: readonly string[];
}

/** The one who asks, with the settings of its organisation. */
export interface Caller {
  credential: Credential;
  timeZone: string;
  privacy: PrivacySettings;
  /** Set where a signed link was followed, without a credential. */
  isLink?: true;
}

export interface RequestContext {
  deps: Dependencies;
  /** An entity manager of this request alone. */
  em: Entities;
  caller: Caller;
  params: Readonly<Record<string, string>>;
  body: RequestBody;
  /** `url`: how the client reaches this API, as `https://host`. */
  origin: { ip: string; userAgent: string | undefined; url: string };
  header(name: string): string | undefined;
  /** Notes in the audit log what the caller did, inside the transaction of `em`. */
  audit(em: Entities, action: AuditAction, target: string | null, details: object): Promise<void>;
  /** Runs `work` in one transaction and, under an `Idempotency-Key`, once: a repeated request gets the first answer. */
  once(work: (em: Entities) => Promise<Answer>): Promise<Answer>;
}

/** What the answer of one status is. */
export interface AnswerDescription {
  description: string;
  /** Of a JSON body. */
  schema?: z.ZodType;
  /** Of a body that is a file: its schema by content type. */
  files?: Readonly<Record<string, z.ZodType>>;
  /** Headers of note, with what they say. */
  headers?: Readonly<Record<string, string>>;
}

/** A call that works, given the things that it names. */
export interface Example {
  params?: Readonly<Record<string, string>>;
  body?: unknown;
}

/** What the reference says of a call beside its parameters; the tests hold every answer against it. */
export interface RouteDescription {
  summary: string;
  /** Markdown, where the summary does not say it all. */
  description?: string;
  tag: Tag;
  /** What the body is checked by; it must be given where the call takes one. */
  bodySchema?: z.ZodType;
  /** Request headers beside `Authorization` and `Idempotency-Key`. */
  headers?: z.ZodObject;
  /** Each answer that is no fault. */
  answers: Readonly<Record<number, AnswerDescription>>;
  /** Faults that do not follow from method, path, body and access already (api/openapi/faults.ts). */
  faults?: readonly ProblemCode[];
  example?: Example;
}

export interface RouteOptions<Query extends z.ZodObject> extends RouteDescription {
  method: Method;
  /** Relative to the base path, with `:name` for parameters. */
  path: string;
  access: Access;
  /** The query parameters that it takes; any other is refused. */
  query?: Query;
  body?: 'json' | 'json-or-ndjson';
  /** Whether it works under an `Idempotency-Key`: every POST with a body does. */
  takesIdempotencyKey?: boolean;
  handle(context: RequestContext, query: z.output<Query>): Promise<Answer>;
}

/** One call of the API. */
export interface Route extends RouteDescription {
  method: Method;
  path: string;
  access: Access;
  query: z.ZodObject | undefined;
  body: 'none' | 'json' | 'json-or-ndjson';
  takesIdempotencyKey: boolean;
  faults: readonly ProblemCode[];
  /** @throws TidemarkError `validation` for query parameters that the route does not take */
  run(context: RequestContext, query: Readonly<Record<string, unknown>>): Promise<Answer>;
}

/** Closes a route's query type inside it, so that all routes stand in one list. */
export function defineRoute<Query extends z.ZodObject>(options: RouteOptions<Query>): Route;
export function defineRoute(options: RouteOptions<z.ZodObject>): Route {
  return {
    ...options,
    query: options.query,
    body: options.body ?? 'none',
    takesIdempotencyKey: options.takesIdempotencyKey ?? (options.method === 'POST' && options.body !== undefined),
    faults: options.faults ?? [],
    run(context, query) {
      if (options.query) return options.handle(context, parseFields(options.query, query));
      const unknown = Object.keys(query);
      if (unknown.length > 0) {
        throw validationError(unknown.map((field) => ({ field, message: 'is not a parameter of this call' })));
      }
      return options.handle(context, {});
    },
  };
}

/** @throws TidemarkError `validation` that names each bad field */
export function parseFields<Schema extends z.ZodType>(schema: Schema, fields: unknown): z.output<Schema> {
  const parsed = schema.safeParse(fields);
  if (!parsed.success) throw validationError(fieldErrors(parsed.error));
  return parsed.data;
}
