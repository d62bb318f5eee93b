import { type RawBuilder, sql } from 'kysely';
import type { HavingOperator, Question } from '../question.ts';
import type { RelationColumn } from '../relation-column.ts';

const COMPARISONS: Readonly<Record<HavingOperator, RawBuilder<unknown>>> = {
  greater_than: sql`>`,
  less_than: sql`<`,
  greater_or_equal: sql`>=`,
  less_or_equal: sql`<=`,
  equal: sql`=`,
};

/**
 * Selects, sorts and limits the rows of an answer. The order is total: nulls last, ties by bucket, then by the groups' texts
 * as bytes, so that equal questions have equal answers whatever the locale.
 */
export function arrange(
  { having = [], order = [], limit }: Question,
  columns: readonly RelationColumn[],
  rows: RawBuilder<unknown>,
): RawBuilder<unknown> {
  const find = (name: string) => {
    const column = columns.find((one) => one.name === name);
    if (!column) throw new Error(`The answer has no column ${name}`);
    return column;
  };
  const conditions = having.map(({ metric, operator, value }) => {
    const { name, type } = find(metric);
    return sql`${sql.id('v', name)} ${COMPARISONS[operator]} ${String(value)}::${sql.raw(type)}`;
  });
  const by = order.map(({ by: name, direction }) => sql`${sortKey(find(name))} ${sql.raw(direction)} NULLS LAST`);
  const ties = columns
    .filter(({ kind }) => kind === 'bucket' || kind === 'dimension')
    .map((column) => sql`${sortKey(column)} NULLS LAST`);
  const sorted = [...by, ...ties];
  return sql`SELECT * FROM (${rows}) v
    ${conditions.length > 0 ? sql`WHERE ${sql.join(conditions, sql` AND `)}` : sql``}
    ${sorted.length > 0 ? sql`ORDER BY ${sql.join(sorted)}` : sql``}
    ${limit === undefined ? sql`` : sql`LIMIT ${limit}`}`;
}

function sortKey({ name, type }: RelationColumn): RawBuilder<unknown> {
  return type === 'text' ? sql`${sql.id('v', name)} COLLATE "C"` : sql.id('v', name);
}
