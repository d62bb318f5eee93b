import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';
import { GRAINS } from '../domain/buckets.ts';
import { factList } from '../facts/index.ts';
import { rollupTable } from '../rollups/rollup-table.ts';

/** Sample size that estimates the mean row size within a few percent. */
const SAMPLED_ROWS = 500;

/**
 * Estimates the disk usage of an organisation in bytes: exact report file sizes, plus the fact counts of the daily
 * rollups times the mean size of a row sample. Indexes are not included.
 */
export async function organisationStorageBytes(db: Db, orgId: string): Promise<number> {
  const facts = factList.map(
    ({ kind }) => sql`
      SELECT coalesce((SELECT sum(count) FROM ${sql.table(rollupTable(kind))} WHERE org_id = ${orgId} AND grain_seconds = ${GRAINS.day}), 0)
        * coalesce((
            SELECT avg(pg_column_size(s.*)) FROM (SELECT * FROM ${sql.table(kind)} WHERE org_id = ${orgId} LIMIT ${SAMPLED_ROWS}) s
          ), 0) AS bytes`,
  );
  const { rows } = await sql<{ bytes: string }>`
    SELECT round(sum(bytes)) AS bytes FROM (
      ${sql.join(facts, sql` UNION ALL `)}
      UNION ALL SELECT coalesce(sum(file_size_bytes), 0) FROM reports
      WHERE org_id = ${orgId} AND status = 'completed' AND files_removed_at IS NULL
    ) b`.execute(db);
  return Number(rows[0]?.bytes ?? 0);
}
