import type { SnakeCase } from '@mikro-orm/postgresql';
import type { ColumnType, InsertType, SelectType, UpdateType } from 'kysely';

/**
 * The table of an entity as Kysely sees it: snake-case columns, values as `pg` reads them. The ORM converts timestamps,
 * bigint and numeric; Kysely's results are not converted, so those are text there. JSON is written as text.
 */
export type KyselyTable<Entity extends { properties: object }> = {
  [Name in keyof Entity['properties'] & string as SnakeCase<Name>]: ColumnOf<Entity['properties'][Name]>;
};

type ColumnOf<Property> = Property extends { '~type'?: { value: infer Value }; '~options': infer Options }
  ? Nullable<Defaulted<Stored<Value, Options>, Options>, Options>
  : never;

type Stored<Value, Options> = Options extends { array: true }
  ? Value[]
  : [Value] extends [Date]
    ? ColumnType<string, Date | string, Date | string>
    : [Value] extends [number]
      ? NumberOf<Value>
      : [Value] extends [string | boolean | Buffer]
        ? Value
        : ColumnType<Value, string, string>;

/** Of `$type<Runtime, Raw>()`, which declares what `pg` returns, Raw; of any other property the number itself. */
type NumberOf<Value> = '__raw' extends keyof Value
  ? Value extends { __raw?: infer Raw; __runtime?: infer Runtime }
    ? ColumnType<Raw, Runtime, Runtime>
    : never
  : Value;

type Defaulted<Column, Options> = Options extends { default: unknown } | { defaultRaw: unknown }
  ? ColumnType<SelectType<Column>, InsertType<Column> | undefined, UpdateType<Column>>
  : Column;

type Nullable<Column, Options> = Options extends { nullable: true } ? Column | null : Column;
