import { type RawBuilder, sql } from 'kysely';
import { expect, it } from 'vitest';
import { entities } from '../../shared/db/entities/index.ts';
import { type Db, dbOf, type Orm } from '../../shared/db/orm.ts';
import { useTestOrm } from '../database.ts';

let orm: Orm;
useTestOrm(8, (opened) => {
  orm = opened;
});

const tables = entities.map(({ tableName }) => tableName);

it('declares in the entities the columns and primary keys that the migrations create', async () => {
  const em = orm.em.fork();
  const ddl = await orm.schema.getCreateSchemaSQL({ wrap: false });
  await em.begin();
  try {
    const db = dbOf(em);
    await sql`CREATE SCHEMA declared`.execute(db);
    await sql`SET LOCAL search_path TO declared`.execute(db);
    await sql.raw(ddl).execute(db);
    await sql`SET LOCAL search_path TO public`.execute(db);
    const migrated = await schemaOf(db, sql`'public'`);
    expect(new Set(migrated.columns.map(({ table }) => table))).toEqual(new Set(tables));
    expect(await schemaOf(db, sql`'declared'`)).toEqual(migrated);
  } finally {
    await em.rollback();
  }
});

/** Columns by name, with type, precision, nullability and default; primary keys with the order of their columns. */
async function schemaOf(db: Db, schema: RawBuilder<unknown>) {
  const { rows: columns } = await sql<{ table: string }>`
    SELECT table_name AS table, column_name, data_type, udt_name, datetime_precision, numeric_precision, numeric_scale,
           is_nullable, column_default, is_generated
    FROM information_schema.columns
    WHERE table_schema = ${schema} AND table_name IN (${sql.join(tables)}) ORDER BY table_name, column_name`.execute(
    db,
  );
  // The ledger has no key, but the ORM demands one.
  const { rows: keys } = await sql`
    SELECT k.table_name, k.column_name, k.ordinal_position
    FROM information_schema.table_constraints c JOIN information_schema.key_column_usage k USING (constraint_schema, constraint_name, table_name)
    WHERE c.table_schema = ${schema} AND c.constraint_type = 'PRIMARY KEY'
      AND c.table_name IN (${sql.join(tables)}) AND c.table_name <> 'bucket_ledger'
    ORDER BY k.table_name, k.ordinal_position`.execute(db);
  return { columns, keys };
}
