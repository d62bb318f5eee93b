import type { z } from 'zod';
import type { Privacy } from '../domain/privacy.ts';
import type { FieldError } from '../errors.ts';
import { id, MOMENT_ALIASES, SPAN_ALIASES, time } from '../wire.ts';
import { renameAliases } from './aliases.ts';
import { fieldErrors } from './field-errors.ts';
import {
  applyPrivacy,
  type Column,
  columnsOf,
  type Fields,
  type ReportColumn,
  type Row,
  recordSchema,
  reportColumns,
  type WireShape,
} from './fields.ts';
import type { Rollup } from './rollup.ts';

type TimeColumn = 'occurred_at' | 'started_at';

export interface RowContext {
  receivedAt: Date;
  privacy: Privacy;
}

/** A record that can be stored. `id` or `at` is undefined where the client left it to the server. */
interface ReadRecord {
  id: string | undefined;
  at: Date | undefined;
  row: Row;
  /** Missing fields that a record of an unknown id needs. */
  missingAtFirst: readonly string[];
  /** The agent that an execution names: a dimension, kept beside the facts. */
  agent: Row | undefined;
}

export type ReadResult = { ok: true; record: ReadRecord } | { ok: false; errors: FieldError[] };

type WireOf<Declared extends Fields> = z.output<z.ZodObject<WireShape<Declared>, z.core.$strict>>;

interface FactOptions<Kind extends string, Declared extends Fields> {
  /** The table's name. */
  kind: Kind;
  /** `type` of a batch record. */
  recordType: string;
  /** Singular, for messages: "unknown execution". */
  noun: string;
  idColumn: string;
  /** The client must send the id; otherwise the server makes one that is missing. */
  requiresId?: true;
  timeColumn: TimeColumn;
  /** Every field besides `org_id`, id, time, `ingested_at` and `updated_at`, in the order of answers. */
  fields: Declared;
  /** Rules between fields. */
  check?(wire: WireOf<Declared>, fault: (field: string, message: string) => void): void;
  /** Columns that are computed from what was sent; `at` is the sent time or the time of receipt. */
  derive?(wire: WireOf<Declared>, at: Date): Row;
  /** What is kept by buckets of time; `measures` besides those that the fields declare. */
  rollup: Rollup;
  /** A row belongs to one row of the named fact and is purged and erased with it. */
  belongsTo?: string;
  /** The place among the facts of a retention policy; facts without one are last. */
  purgeOrder?: number;
  /** A record as a client sends it, for the API's document. */
  example: Row;
  /** What finishes the record of `example`; for facts with patchable fields. */
  changeExample?: Row;
}

/** One fact: what a client sends and what is stored of it. How rows are written and merged stands in `telemetry/write-facts.ts`. */
export interface FactOf<Kind extends string> {
  kind: Kind;
  recordType: string;
  noun: string;
  idColumn: string;
  timeColumn: TimeColumn;
  wire: z.ZodObject;
  /** Older field names of clients, with the present ones. */
  aliases: Readonly<Record<string, string>>;
  /** Fields that PATCH may change, aliases included; empty where the fact has no PATCH. */
  patchable: readonly string[];
  /** Fields without which a record of an unknown id is refused; a record of a known id is merged without them. */
  requiredAtFirst: readonly string[];
  /** Every column besides `org_id`, id, time, `ingested_at` and `updated_at`. */
  columns: Readonly<Record<string, Column>>;
  /** The columns of its raw report, in order. */
  report: readonly ReportColumn[];
  rollup: Rollup;
  belongsTo?: string;
  purgeOrder: number;
  example: Row;
  changeExample?: Row;
  /** True where `status` tells whether a row is finished. */
  hasStatus: boolean;
  read(raw: Row, context: RowContext): ReadResult;
}

const NONE: readonly string[] = [];

/** Derives all of a fact from its fields and closes the type of its wire inside, so that all facts fit one list. */
export function defineFact<const Kind extends string, Declared extends Fields>(
  options: FactOptions<Kind, Declared>,
): FactOf<Kind> {
  const { kind, recordType, noun, idColumn, timeColumn, fields, rollup, check, derive } = options;
  const entries = Object.entries<Fields[string]>(fields);
  const columns = columnsOf(fields);
  const leading = { [idColumn]: options.requiresId ? id() : id().optional(), [timeColumn]: time().optional() };
  const schema = recordSchema(leading, fields);
  const wire = check
    ? schema.superRefine((sent, context) =>
        check(sent, (field, message) => context.addIssue({ code: 'custom', path: [field], message })),
      )
    : schema;
  const aliases: Readonly<Record<string, string>> = timeColumn === 'started_at' ? SPAN_ALIASES : MOMENT_ALIASES;
  const patchable = entries.flatMap(([name, field]) => (field.patchable ? [name] : []));
  const requiredAtFirst = entries.flatMap(([name, field]) => (field.requiredAtFirst ? [name] : []));
  const storedAsSent = entries.flatMap(([name, field]) =>
    field.isStoredAsSent ? [{ name, rule: field.privacy }] : [],
  );
  const ofAgent = entries.flatMap(([name, { agentColumn }]) =>
    agentColumn === undefined ? [] : [{ name, agentColumn }],
  );
  return {
    kind,
    recordType,
    noun,
    idColumn,
    timeColumn,
    wire,
    aliases,
    patchable: [...patchable, ...Object.keys(aliases).filter((alias) => patchable.includes(aliases[alias] ?? alias))],
    requiredAtFirst,
    columns,
    report: [idColumn, timeColumn, ...reportColumns(fields)],
    rollup: { ...rollup, measures: { ...rollup.measures, ...measuresOf(fields) } },
    ...(options.belongsTo !== undefined && { belongsTo: options.belongsTo }),
    purgeOrder: options.purgeOrder ?? Number.POSITIVE_INFINITY,
    example: options.example,
    ...(options.changeExample && { changeExample: options.changeExample }),
    hasStatus: 'status' in columns,
    read(raw, { receivedAt, privacy }) {
      const parsed = wire.safeParse(renameAliases(raw, aliases));
      if (!parsed.success) return { ok: false, errors: fieldErrors(parsed.error) };
      const given: Row = { ...parsed.data };
      const sentId = given[idColumn];
      const sentAt = given[timeColumn];
      const at = sentAt instanceof Date ? sentAt : undefined;
      const row: Row = {};
      for (const { name, rule } of storedAsSent) {
        const value = given[name];
        if (value !== undefined) row[name] = rule === undefined ? value : applyPrivacy(rule, value, privacy);
      }
      if (derive) Object.assign(row, derive(parsed.data, at ?? receivedAt));
      const isComplete = requiredAtFirst.every((field) => given[field] !== undefined);
      return {
        ok: true,
        record: {
          id: typeof sentId === 'string' ? sentId : undefined,
          at,
          row,
          missingAtFirst: isComplete ? NONE : requiredAtFirst.filter((field) => given[field] === undefined),
          agent: ofAgent.length === 0 || given.agent_id === undefined ? undefined : agentOf(given),
        },
      };
    },
  };

  function agentOf(given: Row): Row {
    const agent: Row = { agent_id: given.agent_id };
    for (const { name, agentColumn } of ofAgent) agent[agentColumn] = given[name];
    return agent;
  }
}

function measuresOf(fields: Fields): Rollup['measures'] {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, { measure }]) => (measure ? Object.entries(measure(name)) : [])),
  );
}
