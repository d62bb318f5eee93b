import type { Db } from '../db/orm.ts';
import { createPrivacy, DEFAULT_PRIVACY } from '../domain/privacy.ts';
import type { Receiver } from '../telemetry/prepare.ts';
import { retentionFloors } from '../telemetry/store-batch.ts';

/** As whom a file's records are taken: the organisation's settings of this moment, and no member's limits. */
export async function importReceiver(db: Db, orgId: string, secret: string): Promise<Receiver> {
  const { privacy } = await db
    .selectFrom('organisations')
    .select('privacy')
    .where('org_id', '=', orgId)
    .executeTakeFirstOrThrow();
  return {
    orgId,
    privacy: createPrivacy({ ...DEFAULT_PRIVACY, ...privacy }, orgId, secret),
    retentionFloors: await retentionFloors(db, orgId),
    memberUserId: null,
  };
}
