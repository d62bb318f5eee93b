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

/** Rows that are looked through at once: no fact has an index by user, so each row is looked at once and no more. */
const WINDOW_ROWS = 20_000;
/** Of executions fewer: what hangs on each goes in the same transaction. */
const EXECUTIONS_WINDOW_ROWS = 5_000;

/** Rows that are gone, as CTEs: `at` and `id`. */
interface Gone {
  kind: FactKind;
  cte: string;
  rows: RawBuilder<unknown>;
}

/**
 * Removes the user's rows among the next so many rows of a fact, with their keys, and of executions also their tool
 * usages and AI usage. The buckets that this touches are marked in the same transaction, so rollups become the truth.
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

/** One statement: rows, their keys, and the marks of their buckets, as far back as buckets are made anew. */
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
