import { type RawBuilder, sql } from 'kysely';
import type { Source } from './sources.ts';

/** Which range of a comparison a column belongs to. */
export type Side = 'now' | 'before';

/** Rows of all groups, each once, out of several sources. */
export interface Combined {
  /** Rows of the keys and of a column for each column of the sources. */
  rows: RawBuilder<unknown>;
  /** What a column of a source is called in them; undefined where no source has it. */
  nameOf(side: Side, column: string): string | undefined;
  /** Rows of keys alone, with nulls for the columns, to union with `rows`. @param keys what a row selects for its keys */
  empty(keys: readonly RawBuilder<unknown>[]): RawBuilder<unknown>;
  /** Every column as the greatest of its values, of which one at most is not null. */
  merged: readonly RawBuilder<unknown>[];
}

/**
 * Joins sources by their keys: UNION ALL and one GROUP BY, which hashes keys that may be null as no FULL JOIN does. A group
 * that has rows of the range before alone is left out.
 * @param keys names of the key columns of all sources
 */
export function combine(keys: readonly string[], now: readonly Source[], before: readonly Source[]): Combined {
  const sources = [
    ...now.map((source) => ({ source, side: 'now' as const })),
    ...before.map((source) => ({ source, side: 'before' as const })),
  ];
  const columns = sources
    .flatMap(({ source, side }) => source.columns.map((column) => ({ source, side, column })))
    .map((column, n) => ({ ...column, as: `c${n}` }));
  const names = new Map(columns.map(({ side, column, as }) => [`${side}/${column.name}`, as]));
  const empty = (values: readonly RawBuilder<unknown>[]) =>
    sql.join([...values, ...columns.map(({ column, as }) => sql`NULL::${sql.raw(column.type)} AS ${sql.id(as)}`)]);
  const merged = columns.map(({ as }) => sql`max(${sql.id('u', as)}) AS ${sql.id(as)}`);
  const nameOf = (side: Side, column: string) => names.get(`${side}/${column}`);

  const [only] = sources;
  if (only && sources.length === 1 && keys.length > 0) {
    const values = columns.map(({ column, as }) => sql`${column.value} AS ${sql.id(as)}`);
    const rows = sql`SELECT ${sql.join([...keys.map((key) => sql.id('s', key)), ...values])} FROM (${only.source.rows}) s`;
    return { rows, nameOf, empty, merged };
  }
  const parts = sources.map(({ source, side }) => {
    const values = columns.map(({ source: of, column, as }) =>
      of === source ? sql`${column.value} AS ${sql.id(as)}` : sql`NULL::${sql.raw(column.type)} AS ${sql.id(as)}`,
    );
    const own = [sql`${sql.lit(side === 'now')} AS is_now`, ...keys.map((key) => sql.id('s', key)), ...values];
    return sql`SELECT ${sql.join(own)} FROM (${source.rows}) s`;
  });
  const grouped = keys.map((key) => sql.id('u', key));
  const rows = sql`SELECT ${sql.join([...grouped, ...merged])} FROM (${sql.join(parts, sql` UNION ALL `)}) u
    ${keys.length > 0 ? sql`GROUP BY ${sql.join(grouped)} HAVING bool_or(u.is_now)` : sql``}`;
  return { rows, nameOf, empty, merged };
}
