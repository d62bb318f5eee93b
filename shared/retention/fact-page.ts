import { sql } from 'kysely';
import type { RowCursor } from '../contracts/retention.ts';
import type { Db } from '../db/orm.ts';
import type { Fact, FactKind } from '../facts/index.ts';

/** Consecutive rows of one organisation in order of time and id, both ends included. */
export interface FactPage {
  firstAt: string;
  lastAt: string;
  lastId: string;
  rows: number;
}

export interface FactWindow {
  /** Null: from the oldest row. */
  after: RowCursor | null;
  /** Null: to the latest row. */
  before: string | null;
}

/** Finds the next page of a fact; null if no row follows. Its constant bounds let a delete prune partitions. */
export async function nextPage(
  db: Db,
  fact: Fact,
  orgId: string,
  { after, before }: FactWindow,
  limit: number,
): Promise<FactPage | null> {
  const at = sql.ref(fact.timeColumn);
  const id = sql.ref(fact.idColumn);
  const { rows } = await sql<{ first_at: string | null; last_at: string; last_id: string; rows: string }>`
    WITH page AS (
      SELECT ${at} AS at, ${id} AS id FROM ${sql.table(fact.kind)}
      WHERE org_id = ${orgId}
        ${before === null ? sql`` : sql`AND ${at} < ${before}::timestamptz`}
        ${after === null ? sql`` : sql`AND ${at} >= ${after.at}::timestamptz AND (${at}, ${id}) > (${after.at}::timestamptz, ${after.id})`}
      ORDER BY ${at}, ${id} LIMIT ${limit}
    )
    SELECT min(at) AS first_at, max(at) AS last_at, count(*) AS rows,
           (SELECT id FROM page ORDER BY at DESC, id DESC LIMIT 1) AS last_id
    FROM page`.execute(db);
  const page = rows[0];
  if (!page || page.first_at === null) return null;
  return { firstAt: page.first_at, lastAt: page.last_at, lastId: page.last_id, rows: Number(page.rows) };
}

/** SQL condition that a row of the fact lies in the page, with unqualified column names. */
export function inPage(fact: Fact, orgId: string, page: FactPage, after: RowCursor | null) {
  const at = sql.ref(fact.timeColumn);
  const key = sql`(${at}, ${sql.ref(fact.idColumn)})`;
  return sql`org_id = ${orgId} AND ${at} BETWEEN ${page.firstAt}::timestamptz AND ${page.lastAt}::timestamptz
    AND ${key} <= (${page.lastAt}::timestamptz, ${page.lastId})
    ${after === null ? sql`` : sql`AND ${key} > (${after.at}::timestamptz, ${after.id})`}`;
}

/**
 * SQL that deletes the keys of the rows in the CTE `gone` (`id`, `at`). Uses an array, because without statistics a join
 * may be planned as a nested loop. Comparing `at` keeps the key of a newer row that reuses an id.
 */
export function forgetKeys(orgId: string, kind: FactKind, gone: string) {
  const rows = sql.ref(gone);
  return sql`DELETE FROM fact_keys
    WHERE org_id = ${orgId} AND kind = ${kind} AND id = ANY (ARRAY(SELECT id FROM ${rows}))
      AND at BETWEEN (SELECT min(at) FROM ${rows}) AND (SELECT max(at) FROM ${rows})`;
}
