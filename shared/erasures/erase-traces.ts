import { type RawBuilder, sql } from 'kysely';
import type { PurgeRef } from '../contracts/retention.ts';
import type { Entities } from '../db/orm.ts';
import { inTransaction } from '../db/transaction.ts';
import { isHeld } from '../retention/policy.ts';
import { addRemoved } from '../retention/purge-counts.ts';
import { awaitRefresh } from '../rollups/refresh-dirty.ts';

/**
 * Removes a user's data outside the facts: the `users` row, user rollups and first-seen time, stored idempotent answers,
 * and references in agents and reports. Days that facts still cover are recomputed from marked buckets.
 */
export async function eraseTraces(
  em: Entities,
  ref: PurgeRef,
  userIds: readonly string[],
  userRef: string,
): Promise<'done' | 'held'> {
  const { orgId } = ref;
  const users = sql`IN (SELECT json_array_elements_text(${JSON.stringify(userIds)}::json))`;
  const statements: Record<string, RawBuilder<unknown>> = {
    users: sql`DELETE FROM users WHERE org_id = ${orgId} AND user_id ${users}`,
    user_rollup: sql`DELETE FROM user_rollup WHERE org_id = ${orgId} AND user_id ${users}`,
    user_days: sql`DELETE FROM user_days WHERE org_id = ${orgId} AND user_id ${users}`,
    known_users: sql`DELETE FROM known_users WHERE org_id = ${orgId} AND user_id ${users}`,
    idempotency_answers: sql`DELETE FROM idempotency_keys WHERE org_id = ${orgId} AND answer->'body'->>'user_id' ${users}`,
    agents_created_by: sql`UPDATE agents SET created_by = NULL WHERE org_id = ${orgId} AND created_by ${users}`,
    report_parameters: sql`UPDATE reports SET parameters = jsonb_set(parameters, '{user_id}', to_jsonb(${userRef}::text))
      WHERE org_id = ${orgId} AND parameters->>'user_id' ${users} AND parameters->>'user_id' <> ${userRef}`,
  };
  return inTransaction(em, async (trx) => {
    if (await isHeld(trx, orgId)) return 'held';
    // A refresh that read the facts before the deletion would write the days again.
    await awaitRefresh(trx, orgId);
    for (const [name, statement] of Object.entries(statements)) {
      const { numAffectedRows } = await statement.execute(trx);
      const rows = Number(numAffectedRows ?? 0n);
      if (rows > 0) await addRemoved(trx, ref, name, { rows });
    }
    return 'done';
  });
}
