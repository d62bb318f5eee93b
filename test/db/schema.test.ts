import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { dbOf, type Orm } from '../../shared/db/orm.ts';
import { ensurePartition, ensurePartitionsAhead } from '../../shared/db/partitions.ts';
import { factList } from '../../shared/facts/index.ts';
import { fullTier, smallTiers } from '../../shared/rollups/rollup-table.ts';
import { useTestOrm } from '../database.ts';

let orm: Orm;
useTestOrm(8, (opened) => {
  orm = opened;
});

it.each(factList)('has the columns and types of the definition of $kind', async (fact) => {
  const { rows } = await sql<{ name: string; type: string; is_generated: string }>`
    SELECT column_name AS name, CASE data_type WHEN 'ARRAY' THEN 'text[]' WHEN 'timestamp with time zone' THEN 'timestamptz' ELSE data_type END AS type,
           is_generated
    FROM information_schema.columns WHERE table_name = ${fact.kind}`.execute(dbOf(orm.em.fork()));
  const housekeeping = new Set(['org_id', 'ingested_at', 'updated_at', 'reaped', fact.idColumn, fact.timeColumn]);
  const stored = rows.filter(({ name }) => !housekeeping.has(name)).sort((a, b) => a.name.localeCompare(b.name));
  const defined = Object.entries(fact.columns)
    .map(([name, { type, generated }]) => ({ name, type, is_generated: generated ? 'ALWAYS' : 'NEVER' }))
    .sort((a, b) => a.name.localeCompare(b.name));
  expect(stored).toEqual(defined);
});

const tiers = factList.flatMap((fact) =>
  [fullTier(fact), ...smallTiers(fact)].map(({ table, dimensions }) => ({ fact, table, dimensions })),
);

it.each(tiers)(
  'has for $table the columns that the definition of the fact says, of the same types',
  async ({ fact, table, dimensions }) => {
    const { rows } = await sql<{ name: string; type: string }>`
    SELECT column_name AS name, CASE WHEN data_type = 'ARRAY' THEN substr(udt_name, 2) || '[]' ELSE data_type END AS type
    FROM information_schema.columns WHERE table_name = ${table}`.execute(dbOf(orm.em.fork()));
    const keys = new Set(['org_id', 'grain_seconds', 'bucket']);
    const { measures, sketches } = fact.rollup;
    const defined = [
      ...dimensions.map((name) => ({ name, type: 'text' })),
      ...Object.entries(measures).map(([name, { type }]) => ({ name, type })),
      ...Object.keys(sketches).flatMap((name) => [
        { name: `${name}_bins`, type: 'int4[]' },
        { name: `${name}_counts`, type: 'int8[]' },
      ]),
    ];
    const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);
    expect(rows.filter(({ name }) => !keys.has(name)).sort(byName)).toEqual(defined.sort(byName));
  },
);

it('starts every primary key of telemetry and reports with the organisation', async () => {
  const { rows } = await sql<{ table: string; first: string }>`
    SELECT c.relname AS table, a.attname AS first
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
    WHERE i.indisprimary AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace AND c.relname NOT IN ('tidemark_migrations', 'rate_limits', 'installation', 'host_samples', 'host_samples_15m')`.execute(
    dbOf(orm.em.fork()),
  );
  expect(rows.length).toBeGreaterThan(10);
  expect(rows.filter(({ first }) => first !== 'org_id')).toEqual([]);
});

it('creates a partition once under concurrent requests, reads and writes', async () => {
  const asks = Array.from({ length: 6 }, () => ensurePartition(dbOf(orm.em.fork()), 'events', '2031-05-01'));
  const reader = orm.em.fork().transactional(async (em) => {
    await sql`SELECT count(*) FROM events`.execute(dbOf(em));
    await Promise.all(asks);
  });
  const made = await Promise.all(asks);
  await reader;
  expect(made.filter(Boolean)).toHaveLength(1);
});

it('has partitions for the months ahead, and none for unused months', async () => {
  expect(await ensurePartitionsAhead(dbOf(orm.em.fork()), new Date())).toBe(0);
  const { rows } = await sql`SELECT 1 FROM pg_class WHERE relname = 'events_2020_01'`.execute(dbOf(orm.em.fork()));
  expect(rows).toEqual([]);
});
