import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';

/**
 * Runs statements of a transaction whose joins are hashed or sorted. A nested loop, which the planner takes where it
 * expects one row of an organisation that it has not sampled, compares each user with all others. Only for joins whose
 * sides are bounded by constants: a hash reads them whole. Lateral subqueries are nested all the same.
 */
export function withoutNestedLoops<Result>(trx: Db, work: () => Promise<Result>): Promise<Result> {
  return without(trx, 'enable_nestloop', work);
}

/**
 * Runs statements of a transaction that read `ORDER BY … LIMIT 1` from the index with that order. To the planner any
 * index of the organisation is as good where it expects one row of it, and a sort of one row is free.
 */
export function withoutSorts<Result>(trx: Db, work: () => Promise<Result>): Promise<Result> {
  return without(trx, 'enable_sort', work);
}

async function without<Result>(
  trx: Db,
  setting: 'enable_nestloop' | 'enable_sort',
  work: () => Promise<Result>,
): Promise<Result> {
  await sql`SET LOCAL ${sql.ref(setting)} = off`.execute(trx);
  const result = await work();
  // A failed statement ends the transaction, and the setting with it.
  await sql`SET LOCAL ${sql.ref(setting)} TO DEFAULT`.execute(trx);
  return result;
}
