import { sql } from 'kysely';
import type { Db, Entities } from '../db/orm.ts';
import { inTransaction } from '../db/transaction.ts';
import { GRAINS } from '../domain/buckets.ts';
import { type Fact, type FactKind, facts } from '../facts/index.ts';
import { pgTime } from '../pg-time.ts';
import { takeCutoff } from '../telemetry/cutoff.ts';
import { bucketArray, within } from './intervals.ts';
import { refreshFact } from './refresh-fact.ts';
import { refreshUsers } from './refresh-users.ts';

/** Serializes the refreshes of an organisation: several facts write to the same user rows. */
const REFRESH_LOCK = 7_405_175;

/** Four whole days, or as many scattered quarter hours: keeps a transaction at seconds, whichever buckets are dirty. */
const MAX_QUARTER_HOURS = 4 * 96;
/**
 * A month, for sparse data: a chunk has a fixed cost of some milliseconds, and most organisations are small. Data is
 * sparse with fewer than `SPARSE_ROWS` rows between the first and the last bucket.
 */
const MAX_SPARSE_QUARTER_HOURS = 31 * 96;
const SPARSE_ROWS = 20_000;

/** Waits for a running refresh of the organisation and blocks new ones until the transaction ends. */
export async function awaitRefresh(trx: Db, orgId: string): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock(${REFRESH_LOCK}, hashtext(${orgId}))`.execute(trx);
}

export interface DirtyGroup {
  orgId: string;
  kind: FactKind;
}

/**
 * Lists the organisations and facts that have dirty buckets, the longest waiting first.
 * @param orgId limits the list to one organisation; null for all
 * @param markedBefore database time, as text; ignores later ledger entries, which steady ingestion keeps adding
 */
export async function dirtyGroups(
  db: Db,
  limit: number,
  { orgId = null, markedBefore = 'infinity' }: { orgId?: string | null; markedBefore?: string } = {},
): Promise<DirtyGroup[]> {
  const { rows } = await sql<{ org_id: string; kind: FactKind }>`
    SELECT org_id, kind FROM bucket_ledger
    WHERE (${orgId}::text IS NULL OR org_id = ${orgId}) AND marked_at <= ${markedBefore}::timestamptz
    GROUP BY org_id, kind ORDER BY min(marked_at) LIMIT ${limit}`.execute(db);
  return rows.map(({ org_id, kind }) => ({ orgId: org_id, kind }));
}

export type Refreshed =
  /** The number of quarter hours recomputed, and whether more may be dirty. */
  | { quarterHours: number; isMore: boolean }
  /** Another worker is refreshing the organisation. */
  | 'busy'
  /** No bucket is dirty. */
  | 'clean';

/**
 * Refreshes one chunk of a fact's dirty quarter hours in one transaction. Ledger entries added meanwhile stay for the
 * next chunk.
 *
 * Takes ledger entries up to a cut-off that waits for running writes: an execution and its usage that are written
 * concurrently do not see each other, but the refresh, which runs after both have committed, sees both.
 */
export async function refreshDirty(em: Entities, { orgId, kind }: DirtyGroup): Promise<Refreshed> {
  const fact = facts[kind];
  const cutoff = await inTransaction(em, (trx) => takeCutoff(trx, orgId));
  return inTransaction(em, async (trx) => {
    const { rows: lock } = await sql<{ taken: boolean }>`
      SELECT pg_try_advisory_xact_lock(${REFRESH_LOCK}, hashtext(${orgId})) AS taken`.execute(trx);
    if (!lock[0]?.taken) return 'busy';
    const { quarterHours, isMore } = await takeMarks(trx, orgId, fact, cutoff);
    if (quarterHours.length === 0) return 'clean';
    await refreshQuarterHours(trx, fact, orgId, quarterHours);
    return { quarterHours: quarterHours.length, isMore };
  });
}

/**
 * Recomputes quarter hours inside a transaction that holds the refresh lock of the organisation. Skips those before the
 * retention floor of the fact or of rollups.
 */
async function refreshQuarterHours(trx: Db, fact: Fact, orgId: string, marked: readonly number[]): Promise<void> {
  const { rows } = await sql<{ at: string | null }>`
    SELECT max(at) AS at FROM retention_floors WHERE org_id = ${orgId} AND kind IN (${fact.kind}, 'rollups')`.execute(
    trx,
  );
  const retentionFloorMs = rows[0]?.at ? pgTime(rows[0].at).getTime() : Number.NEGATIVE_INFINITY;
  const quarterHours = marked.filter((start) => start >= retentionFloorMs);
  if (quarterHours.length === 0) return;
  await refreshFact(trx, fact, orgId, quarterHours);
  await refreshUsers(trx, fact, orgId, quarterHours);
}

async function takeMarks(
  trx: Db,
  orgId: string,
  fact: Fact,
  cutoff: string,
): Promise<{ quarterHours: number[]; isMore: boolean }> {
  const { rows } = await sql<{ ms: string }>`
    SELECT DISTINCT (extract(epoch FROM bucket) * 1000)::bigint AS ms FROM bucket_ledger
    WHERE org_id = ${orgId} AND kind = ${fact.kind} AND marked_at <= ${cutoff}::timestamptz
    ORDER BY ms LIMIT ${MAX_SPARSE_QUARTER_HOURS}`.execute(trx);
  const marked = rows.map(({ ms }) => Number(ms));
  const isSparse = marked.length <= MAX_QUARTER_HOURS || (await holdsFewRows(trx, orgId, fact, marked));
  const quarterHours = isSparse ? marked : marked.slice(0, MAX_QUARTER_HOURS);
  if (quarterHours.length === 0) return { quarterHours, isMore: false };
  await sql`
    DELETE FROM bucket_ledger
    WHERE org_id = ${orgId} AND kind = ${fact.kind} AND marked_at <= ${cutoff}::timestamptz
      AND bucket = ANY (${bucketArray(quarterHours)})`.execute(trx);
  return { quarterHours, isMore: marked.length > quarterHours.length || marked.length === MAX_SPARSE_QUARTER_HOURS };
}

/** Whether fewer than `SPARSE_ROWS` facts lie between the first and the last quarter hour; reads no more rows. */
async function holdsFewRows(trx: Db, orgId: string, fact: Fact, quarterHours: readonly number[]): Promise<boolean> {
  const [first, last] = [quarterHours[0], quarterHours.at(-1)];
  if (first === undefined || last === undefined) return true;
  const at = sql.ref(fact.timeColumn);
  const { rows } = await sql<{ count: string }>`
    SELECT count(*) AS count FROM (
      SELECT FROM ${sql.table(fact.kind)} WHERE org_id = ${orgId}
        AND ${within(at, [{ startInclusiveMs: first, endExclusiveMs: last + GRAINS.quarter_hour * 1000 }])}
      LIMIT ${SPARSE_ROWS}) f`.execute(trx);
  return Number(rows[0]?.count) < SPARSE_ROWS;
}
