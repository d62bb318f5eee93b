import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';
import type { FactKind } from '../facts/index.ts';

/** An id that a record would begin a row under, and when. */
export interface KeyClaim {
  kind: FactKind;
  id: string;
  at: Date;
}

/**
 * Takes the ids that nobody has taken; of two transactions with one id, the second waits for the first. All ids of a batch
 * at once, in one order: so no two batches wait for each other in a circle.
 * @returns those that are new, by kind
 */
export async function claimKeys(
  trx: Db,
  orgId: string,
  claims: readonly KeyClaim[],
): Promise<Map<FactKind, Set<string>>> {
  const claimed = new Map<FactKind, Set<string>>();
  if (claims.length === 0) return claimed;
  const { rows } = await sql<{ kind: FactKind; id: string }>`
    INSERT INTO fact_keys (org_id, kind, id, at)
    SELECT ${orgId}, r.kind, r.id, r.at
    FROM json_to_recordset(${JSON.stringify(claims)}::json) AS r(kind text, id text, at timestamptz(3))
    ORDER BY r.kind, r.id
    ON CONFLICT DO NOTHING
    RETURNING kind, id`.execute(trx);
  for (const { kind, id } of rows) {
    const ids = claimed.get(kind) ?? new Set();
    claimed.set(kind, ids.add(id));
  }
  return claimed;
}
