import { sql } from 'kysely';
import type { Db, Entities } from '../db/orm.ts';
import { inSnapshot } from '../db/transaction.ts';
import type { TimeRange } from '../domain/time-range.ts';
import { pgTime } from '../pg-time.ts';
import type { Question } from './question.ts';
import { type MetricSubject, relation } from './relation.ts';
import type { RelationColumn } from './relation-column.ts';
import { resolveQuestion } from './resolve.ts';
import { type MetricValues, metricValue } from './value.ts';

export type { MetricSubject } from './relation.ts';

export interface MetricRow {
  /** The value of each dimension of `group_by`. */
  group: Readonly<Record<string, string | null>>;
  /** The start of the local bucket; null without a granularity. */
  bucket: Date | null;
  /** By the names that were asked for. */
  values: MetricValues;
  /** By the names of the labels that were asked for; null where the range has none. */
  labels: Readonly<Record<string, string | null>>;
  previous: MetricValues | null;
}

export interface Answer {
  columns: readonly RelationColumn[];
  rows: readonly MetricRow[];
}

/**
 * Answers a question to the catalog. All that it reads is of one snapshot: clean whole buckets come from the rollups, the
 * rest from the facts, so the answer is right also a moment after a write.
 * @throws TidemarkError `validation` for names that are not in the catalog
 */
export async function ask(
  em: Entities,
  subject: MetricSubject,
  question: Question,
  range: TimeRange,
): Promise<MetricRow[]> {
  // Before a transaction is begun for nothing.
  resolveQuestion(question, range);
  return inSnapshot(em, (db) => askIn(db, subject, question, range));
}

/**
 * Answers one of several questions whose answers belong together. @param db in a snapshot (`inSnapshot`)
 * @throws TidemarkError `validation` for names that are not in the catalog
 */
export async function askIn(
  db: Db,
  subject: MetricSubject,
  question: Question,
  range: TimeRange,
): Promise<MetricRow[]> {
  return [...(await answerIn(db, subject, question, range)).rows];
}

/**
 * Answers a question with the columns of the answer. @param db in a snapshot (`inSnapshot`)
 * @throws TidemarkError `validation` for names that are not in the catalog
 */
export async function answerIn(db: Db, subject: MetricSubject, question: Question, range: TimeRange): Promise<Answer> {
  const { columns, rows } = await relation(db, subject, question, range);
  const found = await sql<Record<string, unknown>>`${rows}`.execute(db);
  return { columns, rows: found.rows.map((row) => metricRow(columns, row)) };
}

function metricRow(columns: readonly RelationColumn[], row: Readonly<Record<string, unknown>>): MetricRow {
  const of = <Value>(kind: RelationColumn['kind'], read: (value: unknown, column: RelationColumn) => Value) =>
    Object.fromEntries(
      columns.filter((column) => column.kind === kind).map((column) => [column.of, read(row[column.name], column)]),
    );
  const values = (kind: 'metric' | 'previous') => of(kind, (value, { unit }) => metricValue(value, unit ?? 'count'));
  const bucket = columns.some(({ kind }) => kind === 'bucket') ? pgTime(String(row.bucket)) : null;
  return {
    group: of('dimension', textOrNull),
    bucket,
    values: values('metric'),
    labels: of('label', textOrNull),
    previous: columns.some(({ kind }) => kind === 'previous') ? values('previous') : null,
  };
}

function textOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}
