import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';
import type { Row } from '../facts/fields.ts';
import { type FactList, type FactListQuery, factConditions, listedColumns } from '../telemetry/list-facts.ts';

/**
 * Lists the latest occurrence of each group that matches the range and filters, latest first. Equal times are ordered by
 * fingerprint, which the cursor uses. A hash aggregate avoids sorting the occurrences; without filters, the group index
 * alone answers it.
 */
export async function listErrorGroups(db: Db, list: FactList, query: FactListQuery): Promise<Row[]> {
  const conditions = sql.join(factConditions(list, query), sql` AND `);
  const after = query.after
    ? sql`(max(t.occurred_at), t.fingerprint) < (${query.after.at}::timestamptz, ${query.after.id})`
    : sql`true`;
  const { rows } = await sql<Row>`
    WITH page AS (
      SELECT t.fingerprint, max(t.occurred_at) AS occurred_at FROM errors t
      WHERE ${conditions}
      GROUP BY t.fingerprint HAVING ${after}
      ORDER BY max(t.occurred_at) DESC, t.fingerprint DESC
      LIMIT ${query.limit}
    )
    SELECT latest.* FROM page
    CROSS JOIN LATERAL (
      SELECT ${listedColumns(list)} FROM errors t
      WHERE ${conditions} AND t.fingerprint = page.fingerprint AND t.occurred_at = page.occurred_at
      ORDER BY t.error_id DESC LIMIT 1
    ) latest
    ORDER BY page.occurred_at DESC, page.fingerprint DESC`.execute(db);
  return rows;
}
