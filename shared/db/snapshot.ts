import { type Db, dbOf, type Entities } from './orm.ts';

/** Runs `work` in a read-only transaction in which all reads see one snapshot of the database. */
export function inSnapshot<Result>(em: Entities, work: (db: Db) => Promise<Result>): Promise<Result> {
  return em.transactional((inner) => work(dbOf(inner)), { isolationLevel: 'repeatable read', readOnly: true });
}
