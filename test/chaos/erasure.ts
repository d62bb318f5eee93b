import { z } from 'zod';
import { ORG, type Scene } from './scene.ts';

/** Facts that nothing else removes meanwhile. */
const COUNTED = ['executions', 'sessions', 'agent_workflows'] as const;

const askedSchema = z.object({ workflow_id: z.string(), user_ref: z.string() });

export interface Erasing {
  workflowId: string;
  /** Once it is over. @returns what was left of the user, and where the receipts do not add up to what there was */
  differences(): Promise<string[]>;
}

/** Has one of the users erased who have most. */
export async function eraseSomeone(scene: Scene): Promise<Erasing> {
  const [found] = await scene.rows(
    z.object({ user_id: z.string() }),
    'SELECT user_id FROM executions WHERE org_id = $1 AND user_id IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1',
    [ORG],
  );
  if (!found) throw new Error('there is nobody left to erase');
  const { user_id: userId } = found;
  const before = await countRows(scene, userId);
  const { status, body } = await scene.admin.insist('POST', `/users/${encodeURIComponent(userId)}/erase`);
  if (status !== 202) throw new Error(`the erasure returned status ${status}: ${JSON.stringify(body)}`);
  const { workflow_id: workflowId, user_ref: userRef } = askedSchema.parse(body);
  return {
    workflowId,
    async differences() {
      const after = await countRows(scene, userId);
      const removed = await removedOf(scene, userRef);
      return COUNTED.flatMap((kind) => {
        const [had, has, told] = [before.get(kind), after.get(kind), removed.get(kind)];
        return has === 0 && told === had ? [] : [`of ${had} ${kind} of ${userId} ${has} are left, ${told} in receipts`];
      });
    },
  };
}

const countSchema = z.object({ kind: z.string(), count: z.coerce.number() });

async function countRows(scene: Scene, userId: string): Promise<Map<string, number>> {
  const counts = COUNTED.map(
    (kind) => `SELECT '${kind}' AS kind, count(*) AS count FROM ${kind} WHERE org_id = $1 AND user_id = $2`,
  );
  const rows = await scene.rows(countSchema, counts.join(' UNION ALL '), [ORG, userId]);
  return new Map(rows.map(({ kind, count }) => [kind, count]));
}

/** Over all receipts: where an answer was lost the erasure is asked for once more, and finds what is left. */
async function removedOf(scene: Scene, userRef: string): Promise<Map<string, number>> {
  const counts = COUNTED.map(
    (kind) => `SELECT '${kind}' AS kind, coalesce(sum((receipt->'removed'->>'${kind}')::bigint), 0) AS count
               FROM erasures WHERE org_id = $1 AND user_ref = $2`,
  );
  const rows = await scene.rows(countSchema, counts.join(' UNION ALL '), [ORG, userRef]);
  return new Map(rows.map(({ kind, count }) => [kind, count]));
}
