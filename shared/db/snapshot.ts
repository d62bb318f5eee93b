import { type Db, dbOf, type Entities } from './orm.ts';

/** Reads one unchanging state of the database: whatever is written meanwhile, what `work` reads agrees. */
export function inSnapshot<Result>(em: Entities, work: (db: Db) => Promise<Result>): Promise<Result> {
  return em.transactional((inner) => work(dbOf(inner)), { isolationLevel: 'repeatable read', readOnly: true });
}
