import { Context } from '@temporalio/activity';
import type { RetentionDays } from '../../shared/contracts/retention.ts';
import { dbOf, type Orm } from '../../shared/db/orm.ts';
import { inTransaction } from '../../shared/db/transaction.ts';
import { factList } from '../../shared/facts/index.ts';
import type { Log } from '../../shared/log.ts';
import { isHeld, organisationsWithPolicy } from '../../shared/retention/policy.ts';
import { raiseRetentionFloor } from '../../shared/retention/retention-floor.ts';
import { factsOf, purgeTargets } from '../../shared/retention/rules.ts';
import { beating } from '../heartbeat.ts';
import { dropUnkept } from './drop-unkept.ts';

const ORGANISATIONS_AT_ONCE = 200;

/** The activities of the daily retention round over all organisations. All are idempotent. */
export function createRetentionRoundActivities(deps: { orm: Orm; log: Log }) {
  const { orm } = deps;
  return {
    /**
     * Raises the retention floors of all organisations with a retention policy, so that partitions before every floor
     * can be dropped. Heartbeats.
     * @param scheduledAt ISO 8601 time from which the cut-offs are computed
     */
    async raiseAllFloors(scheduledAt: string): Promise<void> {
      const signal = Context.current().cancellationSignal;
      let afterOrgId = '';
      await beating(
        () => ({ afterOrgId }),
        async () => {
          for (;;) {
            const chunk = await organisationsWithPolicy(dbOf(orm.em.fork()), afterOrgId, ORGANISATIONS_AT_ONCE);
            for (const { org_id: orgId, retention } of chunk) {
              signal.throwIfAborted();
              await raiseFloors(orgId, retention, scheduledAt);
              afterOrgId = orgId;
            }
            if (chunk.length < ORGANISATIONS_AT_ONCE) return;
          }
        },
      );
    },

    /** Drops the partitions of all facts that lie before every retention floor. @returns their number */
    async dropAllPartitions(): Promise<number> {
      let dropped = 0;
      for (const fact of factList) dropped += await dropUnkept(deps, fact, null);
      return dropped;
    },

    /** Lists ids of organisations with a retention policy after `afterOrgId`, ascending. */
    async organisationsToClean(afterOrgId: string, limit: number): Promise<string[]> {
      const chunk = await organisationsWithPolicy(dbOf(orm.em.fork()), afterOrgId, limit);
      return chunk.map(({ org_id }) => org_id);
    },
  };

  /** Raises all floors of an organisation in one transaction: a concurrent hold sees all raised or none. */
  async function raiseFloors(orgId: string, retention: RetentionDays, scheduledAt: string): Promise<void> {
    await inTransaction(orm.em.fork(), async (trx) => {
      if (await isHeld(trx, orgId)) return;
      for (const { name, kind, cutoff } of purgeTargets(retention, new Date(scheduledAt))) {
        if (factsOf(kind).length > 0) await raiseRetentionFloor(trx, orgId, name, cutoff);
      }
    });
  }
}
