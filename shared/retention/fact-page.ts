import { sql } from 'kysely';
import type { RowCursor } from '../contracts/retention.ts';
import type { Db } from '../db/orm.ts';
import type { Fact, FactKind } from '../facts/index.ts';

/** Rows of one organisation that follow each other in the order of time and id: both ends are in it. */
export interface FactPage {
  firstAt: string;
  lastAt: string;
  lastId: string;
  rows: number;
}

export interface FactWindow {
  /** Null: from the oldest row on. */
  after: RowCursor | null;
  /** Null: to the latest row. */
  before: string | null;
}

/** The next so many rows of a fact; null where none follow. Bounds that are known before let a delete leave out other partitions. */
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

/** The condition that a row of the fact, by its own column names, lies in the page. */
export function inPage(fact: Fact, orgId: string, page: FactPage, after: RowCursor | null) {
  const at = sql.ref(fact.timeColumn);
  const key = sql`(${at}, ${sql.ref(fact.idColumn)})`;
  return sql`org_id = ${orgId} AND ${at} BETWEEN ${page.firstAt}::timestamptz AND ${page.lastAt}::timestamptz
    AND ${key} <= (${page.lastAt}::timestamptz, ${page.lastId})
    ${after === null ? sql`` : sql`AND ${key} > (${after.at}::timestamptz, ${after.id})`}`;
}

/**
 * Deletes the keys of removed rows, the CTE `gone` with `id` and `at`. By an array: a join may be planned, before there
 * are statistics, as one that compares each with each. The times spare the key of a row that has taken up an id since.
 */
export function forgetKeys(orgId: string, kind: FactKind, gone: string) {
  const rows = sql.ref(gone);
  return sql`DELETE FROM fact_keys
    WHERE org_id = ${orgId} AND kind = ${kind} AND id = ANY (ARRAY(SELECT id FROM ${rows}))
      AND at BETWEEN (SELECT min(at) FROM ${rows}) AND (SELECT max(at) FROM ${rows})`;
}
