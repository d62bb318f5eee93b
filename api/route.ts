import type { Readable } from 'node:stream';
import { z } from 'zod';
import type { Credential } from '../shared/auth.ts';
import type { Entities } from '../shared/db/orm.ts';
import type { PrivacySettings } from '../shared/domain/privacy.ts';
import type { Role, Scope } from '../shared/domain/roles.ts';
import { validationError } from '../shared/errors.ts';
import { fieldErrors } from '../shared/facts/field-errors.ts';
import type { AuditAction } from '../shared/organisations/audit.ts';
import { KeptAnswer } from '../shared/organisations/idempotency.ts';
import type { AnswerOf, Answers } from './answer.ts';
import type { Dependencies } from './dependencies.ts';
import type { RequestBody } from './http/body.ts';
import type { ProblemCode } from './http/problem-codes.ts';
import type { Tag } from './openapi/tags.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/**
 * Who may call a route. `self`: members too, restricted to their own data. `signed`: also anyone with a signed link to it
 * (api/http/signed-link.ts).
 */
export type Access = 'none' | { least: Role; scope: Scope; self?: true; signed?: true };

/** An answer of any route. */
export interface Answer {
  status: number;
  body?: object;
  stream?: Readable;
  headers?: Readonly<Record<string, string>>;
  /** Fields of the body that are shown only once: they are not kept for a repeated `Idempotency-Key`. */
  secrets?: readonly string[];
}

/** The caller, with the settings of its organisation. */
export interface Caller {
  credential: Credential;
  timeZone: string;
  privacy: PrivacySettings;
  /** The request came by a signed link, without a credential. */
  isLink?: true;
}

export interface RequestContext {
  deps: Dependencies;
  /** The request's own entity manager. */
  em: Entities;
  caller: Caller;
  /** `url`: the API's address as the client used it: `https://host`. */
  origin: { ip: string; userAgent: string | undefined; url: string };
  header(name: string): string | undefined;
  /** The content type among these that `Accept` prefers, the first without one; undefined where it accepts none. */
  accepts<Type extends string>(...types: readonly Type[]): Type | undefined;
  /** Aborts where the client closes the connection before the answer was sent. */
  clientLeft(): AbortSignal;
  /** Records an action of the caller in the audit log, in the transaction of `em`. */
  audit(em: Entities, action: AuditAction, target: string | null, details: object): Promise<void>;
  /**
   * Runs `work` in one transaction. Under an `Idempotency-Key` it runs once: a repeated request gets the first answer.
   * @throws TidemarkError `idempotency-mismatch` for the same key with another request
   */
  once<Result extends Answer>(work: (em: Entities) => Promise<Result>): Promise<Result | KeptAnswer>;
}

/** A JSON object that the handler checks itself (facts/telemetry); the schema only documents it. */
export interface RecordBody {
  kind: 'record';
  documentedBy: z.ZodType;
}

/** JSON or NDJSON records that the handler checks one by one; the schema only documents them. */
export interface BatchBody {
  kind: 'batch';
  documentedBy: z.ZodType;
}

/** A schema that parses a JSON object, or a body that the handler checks. */
export type Body = z.ZodType | RecordBody | BatchBody;

type BodyOf<Declared extends Body | undefined> = Declared extends z.ZodType
  ? z.output<Declared>
  : Declared extends RecordBody
    ? Record<string, unknown>
    : Declared extends BatchBody
      ? unknown[]
      : undefined;

type ParamNames<Path extends string> = Path extends `${infer Segment}/${infer Rest}`
  ? ParamNames<Segment> | ParamNames<Rest>
  : Path extends `:${infer Name}`
    ? Name
    : never;

/** A request that works, provided that the things it names exist. */
export interface Example {
  params?: Readonly<Record<string, string>>;
  body?: unknown;
}

/** What the reference shows of a route besides its parameters. */
export interface RouteDescription {
  summary: string;
  /** Markdown. */
  description?: string;
  tag: Tag;
  /** Request headers besides `Authorization` and `Idempotency-Key`. */
  headers?: z.ZodObject;
  /** Errors beyond those that follow from method, path, body and access (api/openapi/faults.ts). */
  faults?: readonly ProblemCode[];
  example?: Example;
}

export interface RouteOptions<
  Path extends string,
  Query extends z.ZodObject,
  DeclaredBody extends Body | undefined,
  DeclaredAnswers extends Answers,
> extends RouteDescription {
  method: Method;
  /** Relative to the base path, with `:name` for parameters. */
  path: Path;
  access: Access;
  /** The query parameters; any other is rejected. */
  query?: Query;
  body?: DeclaredBody;
  /** Successful answers by status. */
  answers: DeclaredAnswers;
  /** Whether it honours an `Idempotency-Key`. Default: every POST with a body. */
  takesIdempotencyKey?: boolean;
  /** A POST that reads many facts, and counts as a query for the rate limits. A GET of a list does so anyway. */
  asksAggregate?: boolean;
  handle(
    context: RequestContext,
    request: {
      params: Readonly<Record<ParamNames<Path>, string>>;
      query: z.output<Query>;
      body: BodyOf<DeclaredBody>;
    },
  ): Promise<AnswerOf<DeclaredAnswers> | KeptAnswer>;
}

/** A request before its query and body are parsed. */
export interface RawRequest {
  params: Readonly<Record<string, string>>;
  query: Readonly<Record<string, unknown>>;
  body: RequestBody;
}

/** One route of the API. */
export interface Route extends RouteDescription {
  method: Method;
  path: string;
  access: Access;
  query: z.ZodObject;
  body: Body | undefined;
  answers: Answers;
  takesIdempotencyKey: boolean;
  asksAggregate: boolean;
  faults: readonly ProblemCode[];
  /** @throws TidemarkError `validation` for an invalid query or body */
  run(context: RequestContext, request: RawRequest): Promise<Answer>;
}

type NoQuery = z.ZodObject<Record<never, never>>;

/**
 * A route from its schemas: they parse query and body, and type what the handler receives and returns. The types end here,
 * so that all routes fit in one list.
 */
export function defineRoute<
  const Path extends string,
  const DeclaredAnswers extends Answers,
  Query extends z.ZodObject = NoQuery,
  DeclaredBody extends Body | undefined = undefined,
>(options: RouteOptions<Path, Query, DeclaredBody, DeclaredAnswers>): Route;
export function defineRoute(options: UntypedOptions): Route {
  const { body, query = z.strictObject({}) } = options;
  return {
    ...options,
    query,
    body,
    takesIdempotencyKey: options.takesIdempotencyKey ?? (options.method === 'POST' && body !== undefined),
    asksAggregate: options.asksAggregate ?? false,
    faults: options.faults ?? [],
    async run(context, request) {
      const parsedQuery = parseFields(query, request.query);
      const parsed = { ...request, query: parsedQuery, body: await parseBody(body, request.body) };
      const answer = await options.handle(context, parsed);
      return answer instanceof KeptAnswer ? answer.answer : answer;
    },
  };
}

interface UntypedOptions extends RouteDescription {
  method: Method;
  path: string;
  access: Access;
  query?: z.ZodObject;
  body?: Body;
  answers: Answers;
  takesIdempotencyKey?: boolean;
  asksAggregate?: boolean;
  handle(
    context: RequestContext,
    request: { params: Readonly<Record<string, string>>; query: object; body: unknown },
  ): Promise<Answer | KeptAnswer>;
}

async function parseBody(declared: Body | undefined, body: RequestBody): Promise<unknown> {
  if (declared === undefined) return undefined;
  if (declared instanceof z.ZodType) return parseFields(declared, await body.object());
  return declared.kind === 'record' ? body.object() : body.records();
}

function parseFields<Schema extends z.ZodType>(schema: Schema, fields: unknown): z.output<Schema> {
  const parsed = schema.safeParse(fields);
  if (!parsed.success) throw validationError(fieldErrors(parsed.error));
  return parsed.data;
}
