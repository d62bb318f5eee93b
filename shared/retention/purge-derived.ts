import { type RawBuilder, sql } from 'kysely';
import type { PurgeRef } from '../contracts/retention.ts';
import type { Db, Entities } from '../db/orm.ts';
import { inTransaction } from '../db/transaction.ts';
import { type DerivedKind, type DerivedTable, derivedTables } from './derived-tables.ts';
import { isHeld } from './policy.ts';
import { addRemoved } from './purge-counts.ts';
import type { PurgedBatch } from './purge-fact.ts';
import { raiseRetentionFloor } from './retention-floor.ts';

/** Approximate rows per batch; the rows of one bucket are always deleted together. */
const BATCH_ROWS = 5_000;

/** SQL condition for rows before the cut-off. */
export function beforeCutoff({ timeColumn, isDate }: DerivedTable, orgId: string, cutoff: string): RawBuilder<unknown> {
  const time = sql.ref(timeColumn);
  return isDate
    ? sql`org_id = ${orgId} AND ${time} < ${cutoff.slice(0, 10)}::date`
    : sql`org_id = ${orgId} AND ${time} < ${cutoff}::timestamptz`;
}

/** Deletes the oldest rows of rollups or closed days before the cut-off, in its own transaction. */
export async function purgeDerivedBatch(
  em: Entities,
  kind: DerivedKind,
  ref: PurgeRef,
  cutoff: string,
): Promise<PurgedBatch> {
  return inTransaction(em, async (trx) => {
    if (await isHeld(trx, ref.orgId)) return 'held';
    // Readers treat data before this floor as unknown, not as zero.
    if (kind === 'rollups') await raiseRetentionFloor(trx, ref.orgId, kind, cutoff);
    for (const table of derivedTables[kind]) {
      const rows = await removeOldest(trx, table, ref.orgId, cutoff);
      if (rows === 0) continue;
      await addRemoved(trx, ref, kind, { rows });
      return { rows, isDone: false, next: null };
    }
    return { rows: 0, isDone: true, next: null };
  });
}

async function removeOldest(trx: Db, table: DerivedTable, orgId: string, cutoff: string): Promise<number> {
  const time = sql.ref(table.timeColumn);
  const doomed = beforeCutoff(table, orgId, cutoff);
  const { rows } = await sql<{ rows: string }>`
    WITH gone AS (
      DELETE FROM ${sql.table(table.table)} WHERE ${doomed} AND ${time} <= (
        SELECT max(page.time) FROM (
          SELECT ${time} AS time FROM ${sql.table(table.table)} WHERE ${doomed} ORDER BY ${time} LIMIT ${BATCH_ROWS}
        ) page
      ) RETURNING 1
    )
    SELECT count(*) AS rows FROM gone`.execute(trx);
  return Number(rows[0]?.rows ?? 0);
}
