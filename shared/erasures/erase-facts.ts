import { type RawBuilder, sql } from 'kysely';
import type { ErasedFact, EraseStep } from '../contracts/erasure.ts';
import type { PurgeRef, RowCursor } from '../contracts/retention.ts';
import type { Db, Entities } from '../db/orm.ts';
import { inTransaction } from '../db/transaction.ts';
import { dependsOnExecution } from '../facts/depends-on-execution.ts';
import { type Fact, type FactKind, factList, facts } from '../facts/index.ts';
import { forgetKeys, inPage, nextPage } from '../retention/fact-page.ts';
import { isHeld } from '../retention/policy.ts';
import { addRemoved } from '../retention/purge-counts.ts';
import { takeIngestStamp } from '../telemetry/cutoff.ts';

/** Rows scanned per batch. Facts have no index by user, so an erasure scans every row once. */
const WINDOW_ROWS = 20_000;
/** Executions have smaller batches: their dependent rows are deleted in the same transaction. */
const EXECUTIONS_WINDOW_ROWS = 5_000;

/** Deleted rows as CTEs with `at` and `id`. */
interface Gone {
  kind: FactKind;
  cte: string;
  rows: RawBuilder<unknown>;
}

/**
 * Scans the next batch of a fact and deletes the user's rows with their keys; for executions, their tool usages and AI
 * usages too. Marks the affected buckets in the same transaction, so that the rollups are recomputed.
 */
export async function eraseFactBatch(
  em: Entities,
  kind: ErasedFact,
  ref: PurgeRef,
  userIds: readonly string[],
  after: RowCursor | null,
): Promise<EraseStep | 'held'> {
  const fact = facts[kind];
  const limit = kind === 'executions' ? EXECUTIONS_WINDOW_ROWS : WINDOW_ROWS;
  return inTransaction(em, async (trx) => {
    if (await isHeld(trx, ref.orgId)) return 'held';
    const page = await nextPage(trx, fact, ref.orgId, { after, before: null }, limit);
    if (!page) return { rows: 0, next: null };
    const stamp = await takeIngestStamp(trx, ref.orgId);
    const users = JSON.stringify(userIds);
    const own: Gone = {
      kind,
      cte: 'gone',
      rows: sql`DELETE FROM ${sql.table(kind)} WHERE ${inPage(fact, ref.orgId, page, after)}
        AND user_id IN (SELECT json_array_elements_text(${users}::json)) ${returning(fact)}`,
    };
    const dependents = kind === 'executions' ? factList.filter(dependsOnExecution) : [];
    let rows = 0;
    for (const count of await removeAll(
      trx,
      [own, ...dependents.map((each) => ofExecutions(each, ref))],
      ref.orgId,
      stamp,
    )) {
      if (count.rows === 0) continue;
      rows += count.rows;
      await addRemoved(trx, ref, count.kind, count);
    }
    return { rows, next: page.rows < limit ? null : { at: page.lastAt, id: page.lastId } };
  });
}

function ofExecutions(fact: Fact, { orgId }: PurgeRef): Gone {
  return {
    kind: fact.kind,
    cte: fact.kind,
    rows: sql`DELETE FROM ${sql.table(fact.kind)} t USING gone g
      WHERE t.org_id = ${orgId} AND t.execution_id = g.id ${returning(fact, 't')}`,
  };
}

function returning(fact: Fact, table = fact.kind as string) {
  return sql`RETURNING ${sql.ref(`${table}.${fact.idColumn}`)} AS id, ${sql.ref(`${table}.${fact.timeColumn}`)} AS at`;
}

/** One statement that deletes rows and keys and marks their buckets, back to the fact's retention floor. */
async function removeAll(trx: Db, all: readonly Gone[], orgId: string, stamp: string) {
  const names = all.map(({ kind, cte }) => sql`SELECT ${kind} AS kind, id, at FROM ${sql.ref(cte)}`);
  const { rows } = await sql<{ kind: FactKind; rows: string; first_at: string; last_at: string }>`
    WITH ${sql.join(all.map(({ cte, rows: removed }) => sql`${sql.ref(cte)} AS (${removed})`))},
    removed AS (${sql.join(names, sql` UNION ALL `)}),
    ${sql.join(all.map(({ kind, cte }) => sql`${sql.ref(`keys_${cte}`)} AS (${forgetKeys(orgId, kind, cte)})`))},
    marked AS (
      INSERT INTO bucket_ledger (org_id, kind, bucket, marked_at)
      SELECT DISTINCT ${orgId}, r.kind, date_bin('15 minutes', r.at, 'epoch'::timestamptz), ${stamp}::timestamptz
      FROM removed r LEFT JOIN retention_floors f ON f.org_id = ${orgId} AND f.kind = r.kind
      WHERE f.at IS NULL OR r.at >= f.at
    )
    SELECT kind, count(*) AS rows, min(at) AS first_at, max(at) AS last_at FROM removed GROUP BY kind`.execute(trx);
  return rows.map((row) => ({ kind: row.kind, rows: Number(row.rows), firstAt: row.first_at, lastAt: row.last_at }));
}
