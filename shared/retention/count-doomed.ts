import { type RawBuilder, sql } from 'kysely';
import type { PurgeTarget } from '../contracts/retention.ts';
import type { Db } from '../db/orm.ts';
import { factList } from '../facts/index.ts';
import { derivedTables } from './derived-tables.ts';
import { beforeCutoff } from './purge-derived.ts';

/** Rows sampled for the mean size. */
const SAMPLE_ROWS = 1_000;

export interface Doomed {
  rows: number;
  bytesEstimated: number;
}

/**
 * Counts what a purge of this target would remove: the exact number of rows, and their bytes estimated as that number
 * times the mean size (`pg_column_size`) of 1,000 rows. For reports, the bytes are the exact file sizes.
 */
export async function countDoomed(db: Db, orgId: string, target: PurgeTarget, signal: AbortSignal): Promise<Doomed> {
  if (target.name === 'reports') return countReports(db, orgId, target.cutoff);
  const sum: Doomed = { rows: 0, bytesEstimated: 0 };
  for (const { table, where } of tablesOf(orgId, target)) {
    const { rows } = await sql<{ rows: string; bytes: string }>`
      SELECT count(*) AS rows, round(count(*) * coalesce((
        SELECT avg(pg_column_size(sample.*)) FROM (
          SELECT * FROM ${sql.table(table)} WHERE ${where} LIMIT ${SAMPLE_ROWS}) sample
      ), 0)) AS bytes
      FROM ${sql.table(table)} WHERE ${where}`.execute(db, { signal, inflightQueryAbortStrategy: 'cancel query' });
    sum.rows += Number(rows[0]?.rows ?? 0);
    sum.bytesEstimated += Number(rows[0]?.bytes ?? 0);
  }
  return sum;
}

function tablesOf(orgId: string, { name, cutoff }: PurgeTarget): { table: string; where: RawBuilder<unknown> }[] {
  const fact = factList.find(({ kind }) => kind === name);
  if (fact) {
    const where = sql`org_id = ${orgId} AND ${sql.ref(fact.timeColumn)} < ${cutoff}::timestamptz`;
    return [{ table: fact.kind, where }];
  }
  if (name !== 'rollups' && name !== 'system_samples') throw new Error(`Unknown purge target ${name}`);
  return derivedTables[name].map((table) => ({ table: table.table, where: beforeCutoff(table, orgId, cutoff) }));
}

async function countReports(db: Db, orgId: string, cutoff: string): Promise<Doomed> {
  const { rows } = await sql<{ rows: string; bytes: string }>`
    SELECT count(*) AS rows, coalesce(sum(file_size_bytes) FILTER (WHERE files_removed_at IS NULL), 0) AS bytes
    FROM reports WHERE org_id = ${orgId} AND created_at < ${cutoff}::timestamptz AND deleted_at IS NULL
      AND status IN ('completed', 'failed', 'cancelled')`.execute(db);
  return { rows: Number(rows[0]?.rows ?? 0), bytesEstimated: Number(rows[0]?.bytes ?? 0) };
}
