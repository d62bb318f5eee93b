import { Decimal } from 'decimal.js';
import type { z } from 'zod';
import { previousRange, type TimeRange } from '../../../shared/domain/time-range.ts';
import type { Answer, MetricRow } from '../../../shared/metrics/ask.ts';
import type { RelationColumn } from '../../../shared/metrics/relation-column.ts';
import type { MetricValue, MetricValues } from '../../../shared/metrics/value.ts';
import { presentRange } from '../../http/time.ts';
import type { queryAnswerSchema } from './schema.ts';

type Cell = string | number | null;
type Column = z.input<typeof queryAnswerSchema>['columns'][number];

/**
 * An answer of the catalog as JSON: times in UTC, money as numbers.
 * @param before the answer over the previous range, where the rows do not hold its values themselves
 */
export function presentAnswer(
  { columns, rows }: Answer,
  range: TimeRange,
  before?: Answer,
): z.input<typeof queryAnswerSchema> {
  const shown = columns.flatMap((column) => presentColumn(column) ?? []);
  const compared = columns.some(({ kind }) => kind === 'previous')
    ? rows.map((row) => presentRow({ ...row, values: row.previous ?? {} }, columns))
    : before?.rows.map((row) => presentRow(row, columns));
  return {
    columns: shown,
    rows: rows.map((row) => presentRow(row, columns)),
    range: presentRange(range),
    ...(compared ? { previous: { rows: compared, range: presentRange(previousRange(range)) } } : {}),
  };
}

function presentColumn({ name, kind, type, unit }: RelationColumn): Column | null {
  // Questions over HTTP have no labels; previous values have rows of their own.
  if (kind === 'label' || kind === 'previous') return null;
  return { name, kind, type: typeOf(type), unit };
}

function typeOf(type: RelationColumn['type']): Column['type'] {
  switch (type) {
    case 'timestamptz':
      return 'timestamp';
    case 'text':
    case 'integer':
      return type;
    case 'numeric':
    case 'float8':
      return 'number';
  }
}

function presentRow({ group, bucket, values }: MetricRow, columns: readonly RelationColumn[]): Record<string, Cell> {
  const groups = columns.flatMap(({ name, kind, type }): [string, Cell][] => {
    if (kind !== 'dimension') return [];
    const value = group[name] ?? null;
    return [[name, value !== null && type === 'integer' ? Number(value) : value]];
  });
  return {
    ...(bucket ? { bucket: bucket.toISOString() } : {}),
    ...Object.fromEntries(groups),
    ...presentValues(values),
  };
}

function presentValues(values: MetricValues): Record<string, Cell> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, presentValue(value)]));
}

function presentValue(value: MetricValue): number | null {
  return value instanceof Decimal ? value.toNumber() : value;
}
