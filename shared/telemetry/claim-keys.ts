import { sql } from 'kysely';
import type { Db } from '../db/orm.ts';
import type { FactKind } from '../facts/index.ts';

/** The id and time of a record that can start a row. */
export interface KeyClaim {
  kind: FactKind;
  id: string;
  at: Date;
}

/**
 * Claims the ids that are not taken yet. Of two transactions with one id, the second waits for the first. A batch claims
 * all its ids in one statement and one order, which rules out deadlocks.
 * @returns the new ids, by kind
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
