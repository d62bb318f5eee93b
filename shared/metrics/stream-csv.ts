import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type RawBuilder, sql } from 'kysely';
import { copyOut } from '../db/copy-out.ts';
import { isoTime, withoutFormula } from '../db/csv.ts';
import type { Entities, Orm } from '../db/orm.ts';
import { exportSnapshot, inSnapshot } from '../db/transaction.ts';
import type { TimeRange } from '../domain/time-range.ts';
import type { Question } from './question.ts';
import { type MetricSubject, type Relation, relation } from './relation.ts';
import type { RelationColumn } from './relation-column.ts';

export interface CsvRequest {
  subject: MetricSubject;
  question: Question;
  range: TimeRange;
  /** Cancels the query in the database. */
  signal: AbortSignal;
}

/**
 * Streams the answer to a question as CSV with a header, by COPY, with all digits of exact decimals. Which buckets are stale
 * and what they hold are read in one snapshot.
 * @returns the bytes, once there is a row or none follows; a later failure destroys the stream
 * @throws TidemarkError `validation` for names that are not in the catalog
 */
export async function streamCsv(
  orm: Orm,
  em: Entities,
  { subject, question, range, signal }: CsvRequest,
): Promise<Readable> {
  const out = new PassThrough();
  const started = Promise.withResolvers<void>();
  inSnapshot(em, async (db) => {
    const answer = await relation(db, subject, question, range);
    const snapshot = await exportSnapshot(db);
    await copyOut(
      orm,
      cells(answer),
      'csv',
      signal,
      async (bytes) => {
        // The first row, or the end: PostgreSQL has accepted and run the query until then, or the error is thrown here.
        await once(bytes, 'readable');
        out.write(`${answer.columns.map(({ name }) => name).join(',')}\n`);
        started.resolve();
        await pipeline(bytes, out, { signal });
      },
      snapshot,
    );
  }).catch((error: unknown) => {
    started.reject(error);
    out.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  // Until it is read, a failure reaches the caller by `started` alone.
  out.on('error', () => undefined);
  await started.promise;
  return out;
}

function cells({ columns, rows }: Relation): RawBuilder<unknown> {
  return sql`SELECT ${sql.join(columns.map(cell))} FROM (${rows}) a`;
}

function cell({ name, type }: RelationColumn): RawBuilder<unknown> {
  const value = sql.id('a', name);
  switch (type) {
    case 'timestamptz':
      return isoTime(value);
    case 'text':
      return withoutFormula(value);
    case 'integer':
    case 'numeric':
    case 'float8':
      return value;
  }
}
