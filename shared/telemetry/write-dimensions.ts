import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';
import type { Dimension } from '../facts/dimensions.ts';
import type { Row } from '../facts/fields.ts';

/** Values of one user or agent as of a time. */
export interface DimensionRecord {
  id: string;
  asOf: Date;
  row: Row;
}

/**
 * Upserts users or agents, each id at most once, in the caller's transaction. The latest value of each field wins. Rows
 * without a change are filtered out before any lock is taken: every execution names its agent, and all batches would
 * queue for the agent's row.
 */
export async function writeDimension(
  trx: Db,
  dimension: Dimension,
  orgId: string,
  records: readonly DimensionRecord[],
): Promise<void> {
  if (records.length === 0) return;
  const id = sql.ref(dimension.idColumn);
  const names = Object.keys(dimension.columns);
  const columns = sql.join(names.map((name) => sql.ref(name)));
  const json = JSON.stringify(
    records.map((record) => ({ ...record.row, [dimension.idColumn]: record.id, as_of: record.asOf })),
  );
  const types = Object.entries(dimension.columns).map(([name, { type }]) => sql`${sql.ref(name)} ${sql.raw(type)}`);
  const saysMore = names.map(
    (name) => sql`coalesce(${sql.ref(`r.${name}`)} IS DISTINCT FROM ${sql.ref(`t.${name}`)}, false)
      AND ${sql.ref(`r.${name}`)} IS NOT NULL AND (${sql.ref(`t.${name}`)} IS NULL OR r.as_of >= t.as_of)`,
  );
  const merged = names.map((name) => {
    const old = sql.ref(`t.${name}`);
    const fresh = sql.ref(`excluded.${name}`);
    return sql`${sql.ref(name)} = CASE WHEN excluded.as_of >= t.as_of THEN coalesce(${fresh}, ${old}) ELSE coalesce(${old}, ${fresh}) END`;
  });
  await sql`
    INSERT INTO ${sql.table(dimension.name)} AS t (org_id, ${id}, ${columns}, as_of)
    SELECT ${orgId}, ${sql.ref(`r.${dimension.idColumn}`)}, ${sql.join(names.map((name) => sql.ref(`r.${name}`)))}, r.as_of
    FROM json_to_recordset(${json}::json) AS r(${id} text, ${sql.join(types)}, as_of timestamptz(3))
    LEFT JOIN ${sql.table(dimension.name)} AS t ON t.org_id = ${orgId} AND ${sql.ref(`t.${dimension.idColumn}`)} = ${sql.ref(`r.${dimension.idColumn}`)}
    WHERE t.org_id IS NULL OR ${sql.join(
      saysMore.map((more) => sql`(${more})`),
      sql` OR `,
    )}
    ORDER BY ${sql.ref(`r.${dimension.idColumn}`)}
    ON CONFLICT (org_id, ${id}) DO UPDATE SET ${sql.join(merged)}, as_of = greatest(t.as_of, excluded.as_of)`.execute(
    trx,
  );
}
