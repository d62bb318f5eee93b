import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';
import type { Row } from '../facts/fields.ts';
import type { Fact } from '../facts/index.ts';

/** Reads a fact by id, in any partition; null if the organisation has no such fact. */
export async function readFact(db: Db, fact: Fact, orgId: string, id: string): Promise<Row | null> {
  const { rows } = await sql<Row>`
    SELECT t.* FROM fact_keys k
    JOIN ${sql.table(fact.kind)} t
      ON t.org_id = k.org_id AND ${sql.ref(`t.${fact.timeColumn}`)} = k.at AND ${sql.ref(`t.${fact.idColumn}`)} = k.id
    WHERE k.org_id = ${orgId} AND k.kind = ${fact.kind} AND k.id = ${id}`.execute(db);
  return rows[0] ?? null;
}
