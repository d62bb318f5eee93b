import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../db/orm.ts';
import type { Row } from '../facts/fields.ts';
import type { Fact } from '../facts/index.ts';
import { awaitExecutions, markDependents, ownerOfRow } from './awaited-executions.ts';

/** A record ready to be stored, with its id and time. */
export interface WritableRecord {
  id: string;
  at: Date;
  row: Row;
  /** Required fields that the record lacks. With any, it can only be merged into an existing row. */
  missingAtFirst: readonly string[];
}

/** `stored`: new row. `merged`: added to a row. `duplicate`: nothing new. `unknown`: incomplete and no row has its id. */
export type WriteOutcome = 'stored' | 'merged' | 'duplicate' | 'unknown';

export interface WriteOptions {
  orgId: string;
  /** The ingestion stamp, taken after the organisation's cut-off lock. */
  stamp: string;
  /** `merge` fills gaps; `patch` overwrites the given fields. Both keep the first start time and a final status. */
  mode: 'merge' | 'patch';
}

/**
 * Writes records of one fact, each id at most once, in the caller's transaction. Rows are locked in order of time and id,
 * which rules out deadlocks. Changed buckets are marked in the ledger.
 * @param fresh ids that the transaction has claimed and not written yet (`claim-keys.ts`)
 * @returns the outcome of each record, in order
 */
export async function writeFacts(
  trx: Db,
  fact: Fact,
  records: readonly WritableRecord[],
  fresh: ReadonlySet<string>,
  options: WriteOptions,
): Promise<WriteOutcome[]> {
  const others = records.filter((record) => !fresh.has(record.id));
  const known = await knownTimes(trx, fact, others, options);
  await insertRows(
    trx,
    fact,
    records.filter((record) => fresh.has(record.id)),
    options,
  );
  const changed = await mergeRows(trx, fact, others, known, options);
  return records.map(({ id }) => {
    if (fresh.has(id)) return 'stored';
    if (!known.has(id)) return 'unknown';
    return changed.has(id) ? 'merged' : 'duplicate';
  });
}

/** Reads the start times of taken ids. A separate statement, to see what committed while the claim waited. */
async function knownTimes(trx: Db, fact: Fact, records: readonly WritableRecord[], { orgId }: WriteOptions) {
  if (records.length === 0) return new Map<string, string>();
  const rows = await trx
    .selectFrom('fact_keys')
    .select(['id', 'at'])
    .where('org_id', '=', orgId)
    .where('kind', '=', fact.kind)
    .where(
      'id',
      'in',
      sql<string>`(SELECT json_array_elements_text(${JSON.stringify(records.map(({ id }) => id))}::json))`,
    )
    .execute();
  return new Map(rows.map((row) => [row.id, row.at]));
}

async function insertRows(trx: Db, fact: Fact, records: readonly WritableRecord[], { orgId, stamp }: WriteOptions) {
  if (records.length === 0) return;
  const columns = writtenColumns(fact);
  const names = sql.join(columns.map((column) => sql.ref(column)));
  const values = sql.join(
    columns.map((column) => (column === 'status' ? sql`coalesce(r.status, 'in_progress')` : sql.ref(`r.${column}`))),
  );
  await sql`
    WITH written AS (
      INSERT INTO ${sql.table(fact.kind)} AS t (org_id, ${names}, ingested_at, updated_at)
      SELECT ${orgId}, ${values}, ${stamp}::timestamptz, ${stamp}::timestamptz
      FROM ${recordset(fact, records.map(toJsonRow(fact, null)))}
      ORDER BY ${sql.ref(`r.${fact.timeColumn}`)}, ${sql.ref(`r.${fact.idColumn}`)}
      RETURNING ${sql.ref(fact.timeColumn)} AS at ${ownerOfRow(fact)}
    ) ${markDependents(fact, orgId, stamp)} ${awaitExecutions(fact, orgId)}
    ${markBuckets(fact, orgId, stamp)}`.execute(trx);
}

async function mergeRows(
  trx: Db,
  fact: Fact,
  records: readonly WritableRecord[],
  known: ReadonlyMap<string, string>,
  { orgId, stamp, mode }: WriteOptions,
) {
  const located = records.filter((record) => known.has(record.id));
  if (located.length === 0) return new Set<string>();
  const incoming = recordset(fact, located.map(toJsonRow(fact, known)));
  const time = sql.ref(`t.${fact.timeColumn}`);
  const times = located.map((record) => new Date(known.get(record.id) ?? record.at).getTime());
  // Constant bounds let the planner prune partitions.
  const same = sql`t.org_id = ${orgId} AND ${time} = ${sql.ref(`r.${fact.timeColumn}`)}
    AND ${sql.ref(`t.${fact.idColumn}`)} = ${sql.ref(`r.${fact.idColumn}`)}
    AND ${time} BETWEEN ${new Date(times.reduce((a, b) => Math.min(a, b)))}::timestamptz
                    AND ${new Date(times.reduce((a, b) => Math.max(a, b)))}::timestamptz`;
  await sql`
    SELECT FROM ${sql.table(fact.kind)} AS t JOIN ${incoming} ON ${same}
    ORDER BY ${time}, ${sql.ref(`t.${fact.idColumn}`)}
    FOR UPDATE OF t`.execute(trx);
  const merged = mergedValues(fact, mode);
  const { rows } = await sql<{ id: string }>`
    WITH written AS (
      UPDATE ${sql.table(fact.kind)} AS t
      SET ${sql.join(merged.map(({ column, value }) => sql`${sql.ref(column)} = ${value}`))}, updated_at = ${stamp}::timestamptz
      FROM ${incoming}
      WHERE ${same}
        AND (${sql.join(merged.map(({ column }) => sql.ref(`t.${column}`)))})
            IS DISTINCT FROM (${sql.join(merged.map(({ value }) => value))})
      RETURNING ${time} AS at, ${sql.ref(`t.${fact.idColumn}`)} AS id ${ownerOfRow(fact)}
    ), marked AS (${markBuckets(fact, orgId, stamp)}) ${awaitExecutions(fact, orgId)}
    SELECT id FROM written`.execute(trx);
  return new Set(rows.map((row) => row.id));
}

/** Returns the value of each column when record `r` is merged into row `t`. */
function mergedValues(fact: Fact, mode: WriteOptions['mode']): { column: string; value: RawBuilder<unknown> }[] {
  const finishes = sql`((t.status = 'in_progress' OR t.reaped) AND coalesce(r.status, 'in_progress') <> 'in_progress')`;
  // The record that finishes a row overrides earlier values; any other only fills gaps.
  const takesOver = mode === 'patch' ? sql`true` : fact.hasStatus ? finishes : sql`false`;
  const values = Object.entries(fact.columns)
    .filter(([, column]) => !column.generated)
    .map(([name, column]) => {
      const old = sql.ref(`t.${name}`);
      const fresh = sql.ref(`r.${name}`);
      if (name === 'status') return { column: name, value: sql`CASE WHEN ${finishes} THEN r.status ELSE t.status END` };
      if (column.stands) return { column: name, value: sql`coalesce(${old}, ${fresh})` };
      if (column.follows) {
        const leader = sql.ref(`t.${column.follows}`);
        return {
          column: name,
          value: sql`CASE WHEN ${leader} IS NULL THEN coalesce(${fresh}, ${old}) ELSE ${old} END`,
        };
      }
      return {
        column: name,
        value: sql`CASE WHEN ${takesOver} THEN coalesce(${fresh}, ${old}) ELSE coalesce(${old}, ${fresh}) END`,
      };
    });
  if (fact.hasStatus) values.push({ column: 'reaped', value: sql`(t.reaped AND NOT ${finishes})` });
  return values;
}

/** SQL that marks each changed quarter hour, once per statement. */
function markBuckets(fact: Fact, orgId: string, stamp: string) {
  return sql`
    INSERT INTO bucket_ledger (org_id, kind, bucket, marked_at)
    SELECT DISTINCT ${orgId}, ${fact.kind}, date_bin('15 minutes', at, 'epoch'::timestamptz), ${stamp}::timestamptz FROM written`;
}

function writtenColumns(fact: Fact): string[] {
  const own = Object.entries(fact.columns).filter(([, column]) => !column.generated);
  return [fact.timeColumn, fact.idColumn, ...own.map(([name]) => name)];
}

function toJsonRow(fact: Fact, known: ReadonlyMap<string, string> | null) {
  return ({ id, at, row }: WritableRecord): Row => ({
    ...row,
    [fact.idColumn]: id,
    [fact.timeColumn]: known?.get(id) ?? at,
  });
}

/** The rows as table `r` from one JSON parameter: the statement's length is constant and pgbouncer needs no prepared plans. */
function recordset(fact: Fact, rows: Row[]) {
  const types = writtenColumns(fact).map((name) => {
    const type = fact.columns[name]?.type ?? (name === fact.timeColumn ? 'timestamptz' : 'text');
    return sql`${sql.ref(name)} ${sql.raw(type === 'timestamptz' ? 'timestamptz(3)' : type)}`;
  });
  return sql`json_to_recordset(${JSON.stringify(rows)}::json) AS r(${sql.join(types)})`;
}
