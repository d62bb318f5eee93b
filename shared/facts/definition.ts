import type { z } from 'zod';
import type { FactKind } from '../domain/fact-kinds.ts';
import type { Privacy } from '../domain/privacy.ts';
import type { FieldError } from '../errors.ts';
import type { Rollup } from './rollup.ts';

export type ColumnType =
  | 'text'
  | 'text[]'
  | 'timestamptz'
  | 'date'
  | 'integer'
  | 'bigint'
  | 'numeric'
  | 'boolean'
  | 'jsonb';

export interface Column {
  type: ColumnType;
  /** Computed by PostgreSQL from other columns; never written. */
  generated?: true;
  /** Its values come from a closed list, not in a client's own words. */
  closed?: true;
  /** The first value stays, whatever later records say: others are counted by it. */
  stands?: true;
  /** Filled only when the named column is: it tells where that value came from. */
  follows?: string;
}

/** A row before it becomes JSON for PostgreSQL; undefined and null are gaps. */
export type Row = Record<string, unknown>;

/** What a report can show beside a fact's own columns. */
export interface JoinedColumn {
  header: string;
  from: 'agent' | 'execution' | 'session_counts';
  column: string;
  type: ColumnType;
}

/** A column of the fact by its name, or one that is joined. */
export type ReportColumn = string | JoinedColumn;

export type DimensionName = 'agents' | 'users';

export interface RowContext {
  receivedAt: Date;
  privacy: Privacy;
}

/** A record that can be stored. `id` or `at` is undefined where the client left it to the server. */
export interface ReadRecord {
  id: string | undefined;
  at: Date | undefined;
  row: Row;
  /** Fields that are missing for a record of an id that is not known yet. */
  missingAtFirst: readonly string[];
  /** The agent that an execution names: a dimension, kept beside the facts. */
  agent: Row | undefined;
}

export type ReadResult = { ok: true; record: ReadRecord } | { ok: false; errors: FieldError[] };

export interface FactOptions<Shape extends z.ZodRawShape> {
  kind: FactKind;
  /** `type` of a batch record. */
  recordType: string;
  /** Singular, for messages: "unknown execution". */
  noun: string;
  idColumn: string;
  timeColumn: 'occurred_at' | 'started_at';
  wire: z.ZodObject<Shape, z.core.$strict>;
  aliases: Readonly<Record<string, string>>;
  /** Fields that PATCH may change; empty where the fact has no PATCH. */
  patchable: readonly string[];
  /** Fields without which a record of an unknown id is refused; a record of a known id is merged without them. */
  requiredAtFirst: readonly string[];
  /** Every column besides `org_id`, id, time, `ingested_at` and `updated_at`. */
  columns: Readonly<Record<string, Column>>;
  /** The columns of its raw report, in order. */
  report: readonly ReportColumn[];
  /** What is kept of it by buckets of time. */
  rollup: Rollup;
  /** The rest of the row; the id and the time are taken from the fields of the same names. */
  toRow(wire: z.output<z.ZodObject<Shape, z.core.$strict>>, context: RowContext): Row;
  toAgent?(wire: z.output<z.ZodObject<Shape, z.core.$strict>>): Row | undefined;
}

/** One fact: what a client sends and what is stored of it. How rows are written and merged stands in `telemetry/write-facts.ts`. */
export interface Fact extends Omit<FactOptions<z.ZodRawShape>, 'wire' | 'toRow' | 'toAgent'> {
  wire: z.ZodObject;
  /** True where `status` tells whether a row is finished. */
  hasStatus: boolean;
  read(raw: Row, context: RowContext): ReadResult;
}

/** Closes a fact's wire type inside it, so that all facts can stand in one list. */
export function defineFact<Shape extends z.ZodRawShape>(options: FactOptions<Shape>): Fact {
  return {
    ...options,
    hasStatus: 'status' in options.columns,
    read(raw, context) {
      const renamed = rename(raw, options.aliases);
      const parsed = options.wire.safeParse(renamed);
      if (!parsed.success) return { ok: false, errors: fieldErrors(parsed.error) };
      const given: Row = { ...parsed.data };
      const id = given[options.idColumn];
      const at = given[options.timeColumn];
      return {
        ok: true,
        record: {
          id: typeof id === 'string' ? id : undefined,
          at: at instanceof Date ? at : undefined,
          row: options.toRow(parsed.data, context),
          missingAtFirst: options.requiredAtFirst.filter((field) => given[field] === undefined),
          agent: options.toAgent?.(parsed.data),
        },
      };
    },
  };
}

/** Takes a client's older field names; a name that is given under both stays as it is, to be refused as unknown. */
export function rename(raw: Row, aliases: Readonly<Record<string, string>>): Row {
  const used = Object.entries(aliases).filter(([alias, name]) => alias in raw && !(name in raw));
  if (used.length === 0) return raw;
  const renamed = { ...raw };
  for (const [alias, name] of used) {
    // Of two older names for one field the first stands; the other is refused as unknown.
    if (name in renamed) continue;
    renamed[name] = renamed[alias];
    delete renamed[alias];
  }
  return renamed;
}

/** One entry a bad field, with the path as a client writes it: `properties.tags.0`. */
export function fieldErrors(error: z.ZodError): FieldError[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.join('.');
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        field: path ? `${path}.${key}` : key,
        message: 'is not a field that is known here; remove it',
      }));
    }
    // Zod says what it received; to a client a field that it did not send is missing.
    const isMissing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
    return [{ field: path, message: isMissing ? `is missing; it must be a ${issue.expected}` : issue.message }];
  });
}
