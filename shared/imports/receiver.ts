import type { Db } from '../db/orm.ts';
import { createPrivacy, DEFAULT_PRIVACY } from '../domain/privacy.ts';
import type { Receiver } from '../telemetry/prepare.ts';
import { retentionFloors } from '../telemetry/store-batch.ts';

/**
 * The receiver for records of a file: the organisation's current settings and retention floors, without the restriction
 * of a member.
 * @param secret the installation's secret, for pseudonyms
 * @throws Error if the organisation does not exist
 */
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
