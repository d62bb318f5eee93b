import { type RawBuilder, sql } from 'kysely';
import type { ReportParameters } from '../../domain/report-parameters.ts';
import type { UsageCounters } from '../../domain/usage-counters.ts';
import type { FieldError } from '../../errors.ts';
import type { ColumnType } from '../../facts/fields.ts';

/** Which rows a report holds. All values go into the text of its statements as escaped literals: COPY takes no parameters. */
export interface ReportScope {
  orgId: string;
  startInclusive: Date;
  endExclusive: Date;
  /** Where the days of reports by day begin. */
  timeZone: string;
  /** Rows that were stored after it are left out; a time in PostgreSQL's full precision. */
  cutoff: string;
  parameters: ReportParameters;
  /** Which events count as what, as it stood when the report was planned. */
  counters: UsageCounters;
}

/** Rows from `lower` up to, not with, `upper`, in the order of time and id. */
export interface KeyRange {
  lowerAt: string;
  lowerId: string;
  upperAt: string;
  upperId: string;
}

export interface SourceColumn {
  header: string;
  type: ColumnType;
  /** In a client's own words, so a spreadsheet could run it. */
  freeText: boolean;
}

/** Makes a column's value into what a format wants. */
export type Cell = (value: RawBuilder<unknown>, column: SourceColumn) => RawBuilder<unknown>;

/** A type of report: rows of any length, written in parts of their key range. */
export interface ReportKind {
  /** What `report_type` names. */
  name: string;
  /** What older clients call it. */
  aliases: readonly string[];
  title: string;
  /** Whether its rows name users, so that an erasure removes its files. */
  namesUsers: boolean;
  /** What of a report's parameters it cannot take; each fault lists what there is. */
  faults(parameters: ReportParameters): FieldError[];

  columns: readonly SourceColumn[];
  /** Whether the cut-off alone says which rows there are, as long as no filter asks for more. */
  isFixedByCutoff: boolean;
  /** `at` and `id` of every row. */
  keys(scope: ReportScope): RawBuilder<unknown>;
  /** The rows of one key range, sorted, each column through `cell`. */
  rows(scope: ReportScope, range: KeyRange, cell: Cell): RawBuilder<unknown>;
  /** How many rows of a range were changed after the cut-off: by so many may a count differ that the cut-off alone does not fix. */
  changedRows(scope: ReportScope, range: KeyRange): RawBuilder<unknown>;
}

/** A time as a literal. */
export function timeLiteral(at: Date | string): RawBuilder<unknown> {
  return sql`${sql.lit(at instanceof Date ? at.toISOString() : at)}::timestamptz`;
}

export function textArray(values: readonly string[]): RawBuilder<unknown> {
  return sql`ARRAY[${sql.join(values.map((value) => sql.lit(value)))}]::text[]`;
}
