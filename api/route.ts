import type { Readable } from 'node:stream';
import type { z } from 'zod';
import type { Credential } from '../shared/auth.ts';
import type { Entities } from '../shared/db/orm.ts';
import type { AuditAction } from '../shared/db/queries/audit.ts';
import type { PrivacySettings } from '../shared/domain/privacy.ts';
import type { Role, Scope } from '../shared/domain/roles.ts';
import { validationError } from '../shared/errors.ts';
import { fieldErrors } from '../shared/facts/definition.ts';
import type { Dependencies } from './dependencies.ts';
import type { RequestBody } from './middleware/body.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Who may call a route. `self`: a member too, and gets the answer narrowed to its own data. */
export type Access = 'none' | { least: Role; scope: Scope; self?: true };

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
}

export interface RequestContext {
  deps: Dependencies;
  /** An entity manager of this request alone. */
  em: Entities;
  caller: Caller;
  params: Readonly<Record<string, string>>;
  body: RequestBody;
  origin: { ip: string; userAgent: string | undefined };
  header(name: string): string | undefined;
  /** Notes in the audit log what the caller did, inside the transaction of `em`. */
  audit(em: Entities, action: AuditAction, target: string | null, details: object): Promise<void>;
  /** Runs `work` in one transaction and, under an `Idempotency-Key`, once: a repeated request gets the first answer. */
  once(work: (em: Entities) => Promise<Answer>): Promise<Answer>;
}

export interface RouteOptions<Query extends z.ZodObject> {
  method: Method;
  /** Relative to the base path, with `:name` for parameters. */
  path: string;
  access: Access;
  summary: string;
  /** The query parameters that it takes; any other is refused. */
  query?: Query;
  body?: 'json' | 'json-or-ndjson';
  handle(context: RequestContext, query: z.output<Query>): Promise<Answer>;
}

/** One call of the API. */
export interface Route {
  method: Method;
  path: string;
  access: Access;
  summary: string;
  query: z.ZodObject | undefined;
  body: 'none' | 'json' | 'json-or-ndjson';
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
