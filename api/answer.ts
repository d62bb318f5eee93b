import type { Readable } from 'node:stream';
import type { z } from 'zod';

/** The answer of one status. */
export interface AnswerDescription {
  description: string;
  /** Of a JSON body. */
  schema?: z.ZodType;
  /** Of a file: its schema by content type. */
  files?: Readonly<Record<string, z.ZodType>>;
  /** Descriptions of its headers. */
  headers?: Readonly<Record<string, string>>;
}

/** Statuses of answers that are not problems. A union: it keeps the status of a returned answer a literal. */
type AnswerStatus = 200 | 201 | 202 | 204 | 206 | 302 | 304 | 503;

/** The answers of a route by status. */
export type Answers = Readonly<Partial<Record<AnswerStatus, AnswerDescription>>>;

type Headers = Readonly<Record<string, string>>;

interface JsonAnswer<Status, Schema extends z.ZodType> {
  status: Status;
  body: z.input<Schema> & object;
  headers?: Headers;
  secrets?: readonly (string & keyof z.input<Schema>)[];
}

/** A file. `headers` hold its `Content-Type`. */
interface FileAnswer<Status> {
  status: Status;
  stream: Readable;
  headers: Headers;
}

interface EmptyAnswer<Status> {
  status: Status;
  headers?: Headers;
}

type OfStatus<Status, Description> =
  | (Description extends { schema: infer Schema extends z.ZodType } ? JsonAnswer<Status, Schema> : never)
  | (Description extends { files: object } ? FileAnswer<Status> : never)
  | (Description extends { schema: z.ZodType } | { files: object } ? never : EmptyAnswer<Status>);

/** What a handler may return, from the answers that its route declares. */
export type AnswerOf<Declared extends Answers> = {
  [Status in keyof Declared & AnswerStatus]: OfStatus<Status, Declared[Status]>;
}[keyof Declared & AnswerStatus];
