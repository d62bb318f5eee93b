import { z } from 'zod';
import type { Privacy } from '../domain/privacy.ts';
import type { FieldMeasure } from './rollup.ts';

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
  /** Its values come from a closed list rather than from clients. */
  closed?: true;
  /** The first value stands: later records do not change it, since other facts are counted by it. */
  stands?: true;
  /** Filled only together with the named column, whose origin it tells. */
  follows?: string;
}

/** A row before it becomes JSON for PostgreSQL; undefined and null are gaps. */
export type Row = Record<string, unknown>;

/** A report column that is joined to the fact's own columns. */
export interface JoinedColumn {
  header: string;
  from: 'agent' | 'execution' | 'session_counts';
  column: string;
  type: ColumnType;
}

/** A column of the fact by its name, or one that is joined. */
export type ReportColumn = string | JoinedColumn;

/** What the organisation's privacy settings do to a text before it is stored. */
type TextRule = 'user' | 'query' | 'response' | 'text' | 'origin' | 'origin-text';
/** The same for other JSON values, which are stored whole or not at all. */
type DataRule = 'query-data' | 'response-data';
type PrivacyRule = TextRule | DataRule;

interface ReportOptions {
  /** The raw report leaves the column out. */
  unreported?: true;
  /** Where the raw report's order differs from the order of declaration: the field that it stands behind. */
  reportAfter?: string;
  /** The rollup measure that aggregates this column alone. */
  measure?: FieldMeasure;
}

interface WireOptions {
  patchable?: true;
  /** Required for a record of an unknown id; a record of a known id is merged without it. */
  requiredAtFirst?: true;
}

type PrivacyOptions<Value> = {
  /** The privacy rule of the stored value; without one it is stored as sent. */
  privacy?: [Value] extends [string | undefined] ? TextRule : DataRule;
};

/** One field of a fact. `wire` is undefined for what no client sends, `column` for what is not stored. */
export interface Field<Wire extends z.ZodType | undefined = z.ZodType | undefined> extends ReportOptions, WireOptions {
  wire: Wire;
  column?: Column;
  /** The stored value is the sent one, subject to `privacy`; false where `derive` or PostgreSQL computes it. */
  isStoredAsSent?: true;
  privacy?: PrivacyRule;
  joined?: Omit<JoinedColumn, 'header'>;
  /** The column of the agents dimension that an execution's field fills. */
  agentColumn?: string;
}

export type Fields = Readonly<Record<string, Field>>;

/** The zod shape of the fields that clients send. */
export type WireShape<Declared extends Fields> = {
  [Name in keyof Declared as Declared[Name] extends Field<z.ZodType> ? Name : never]: Declared[Name] extends Field<
    infer Wire extends z.ZodType
  >
    ? Wire
    : never;
};

/** A field that is sent and stored. */
export function field<Wire extends z.ZodType>(
  wire: Wire,
  type: ColumnType,
  {
    closed,
    stands,
    ...options
  }: ReportOptions & WireOptions & PrivacyOptions<z.output<Wire>> & Pick<Column, 'closed' | 'stands'> = {},
): Field<Wire> {
  return {
    ...options,
    wire,
    isStoredAsSent: true,
    column: { type, ...(closed && { closed }), ...(stands && { stands }) },
  };
}

/** A field that is sent and not stored: `derive` computes columns from it. */
export function sent<Wire extends z.ZodType>(wire: Wire, options: WireOptions = {}): Field<Wire> {
  return { ...options, wire };
}

/** A field that is sent and whose column PostgreSQL computes from others, which `derive` fills. */
export function sentAndGenerated<Wire extends z.ZodType>(
  wire: Wire,
  type: ColumnType,
  options: ReportOptions & WireOptions = {},
): Field<Wire> {
  return { ...options, wire, column: { type, generated: true } };
}

/** A column that PostgreSQL computes from others. */
export function generated(type: ColumnType, options: ReportOptions = {}): Field<undefined> {
  return { ...options, wire: undefined, column: { type, generated: true } };
}

/** A column that `derive` fills. */
export function derived(
  type: ColumnType,
  { closed, follows, ...options }: ReportOptions & Pick<Column, 'closed' | 'follows'> = {},
): Field<undefined> {
  return { ...options, wire: undefined, column: { type, ...(closed && { closed }), ...(follows && { follows }) } };
}

/** A column of the raw report that is read from elsewhere. */
export function joined(from: JoinedColumn['from'], column: string, type: ColumnType): Field<undefined> {
  return { wire: undefined, joined: { from, column, type } };
}

/** What an execution says of its agent: kept in the agents dimension, and shown from there. */
export function agentField<Wire extends z.ZodType>(wire: Wire, column: string, type: ColumnType): Field<Wire> {
  return { wire, agentColumn: column, joined: { from: 'agent', column, type } };
}

/** What may be stored of a sent value. */
export function applyPrivacy(rule: PrivacyRule, value: unknown, privacy: Privacy): unknown {
  if (rule === 'query-data') return privacy.queryData(value);
  if (rule === 'response-data') return privacy.responseData(value);
  if (typeof value !== 'string') return undefined;
  switch (rule) {
    case 'user':
      return privacy.userId(value);
    case 'query':
      return privacy.query(value);
    case 'response':
      return privacy.response(value);
    case 'text':
      return privacy.text(value);
    case 'origin':
      return privacy.origin(value);
    case 'origin-text':
      return privacy.origin(privacy.text(value));
  }
}

/** The schema of a sent record: `leading` fields first, then the declared ones that clients send. */
export function recordSchema<Declared extends Fields>(
  leading: z.ZodRawShape,
  fields: Declared,
): z.ZodObject<WireShape<Declared>, z.core.$strict>;
export function recordSchema(leading: z.ZodRawShape, fields: Fields): z.ZodObject {
  const sentFields = Object.entries(fields).flatMap(([name, { wire }]) => (wire === undefined ? [] : [[name, wire]]));
  return z.strictObject({ ...leading, ...Object.fromEntries(sentFields) });
}

/** The stored columns, in the order of declaration. */
export function columnsOf(fields: Fields): Record<string, Column> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, { column }]) => (column === undefined ? [] : [[name, column]])),
  );
}

/**
 * The columns of the raw report behind id and time: the order of declaration, but for the fields that stand behind
 * another one.
 */
export function reportColumns(fields: Fields): ReportColumn[] {
  const names = Object.keys(fields).filter((name) => {
    const { column, joined, unreported } = fields[name] ?? {};
    return (column !== undefined || joined !== undefined) && !unreported;
  });
  const behind = Map.groupBy(names, (name) => fields[name]?.reportAfter);
  const withFollowers = (name: string): string[] => [name, ...(behind.get(name) ?? []).flatMap(withFollowers)];
  const order = (behind.get(undefined) ?? []).flatMap(withFollowers);
  if (order.length < names.length) throw new Error('A field stands behind one that the report does not have');
  return order.map((name) => {
    const joined = fields[name]?.joined;
    return joined === undefined ? name : { header: name, ...joined };
  });
}
