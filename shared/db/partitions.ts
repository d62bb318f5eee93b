import { sql } from 'kysely';
import { monthAfter } from '../domain/months.ts';
import { type FactKind, factList } from '../facts/index.ts';
import type { Db } from './orm.ts';

/** Months ahead of the current one, so that inserts go on while no worker runs for weeks. */
const MONTHS_AHEAD = 2;

/** Creates the partition of a fact and month unless it exists. `month` is its first day, `2026-11-01`. */
export async function ensurePartition(db: Db, kind: FactKind, month: string): Promise<boolean> {
  const { rows } = await sql<{ made: boolean }>`SELECT ensure_partition(${kind}, ${month}::date) AS made`.execute(db);
  return rows[0]?.made ?? false;
}

/**
 * Creates the partitions of every fact from last month to two months ahead.
 * @returns how many were created
 */
export async function ensurePartitionsAhead(db: Db, now: Date): Promise<number> {
  let made = 0;
  for (const fact of factList) {
    for (let offset = -1; offset <= MONTHS_AHEAD; offset += 1) {
      if (await ensurePartition(db, fact.kind, monthAfter(now, offset))) made += 1;
    }
  }
  return made;
}
