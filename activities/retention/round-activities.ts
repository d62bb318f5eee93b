import { Context } from '@temporalio/activity';
import type { RetentionDays } from '../../shared/contracts/retention.ts';
import { dbOf, type Orm } from '../../shared/db/orm.ts';
import { factsOf, purgeTargets } from '../../shared/domain/retention.ts';
import { factList } from '../../shared/facts/index.ts';
import type { Log } from '../../shared/log.ts';
import { isHeld, organisationsWithPolicy } from '../../shared/retention/policy.ts';
import { raiseRetentionFloor } from '../../shared/retention/retention-floor.ts';
import { beating } from '../heartbeat.ts';
import { dropUnkept } from './drop-unkept.ts';

const ORGANISATIONS_AT_ONCE = 200;

/** What the daily round over all organisations has done for it. Each can be repeated at any point. */
export function createRetentionRoundActivities(deps: { orm: Orm; log: Log }) {
  const { orm } = deps;
  return {
    /** Moves the floors of all organisations that do not keep everything, so that what nobody keeps can be dropped at once. */
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

    /** Drops the partitions of every fact that nobody keeps. @returns how many */
    async dropAllPartitions(): Promise<number> {
      let dropped = 0;
      for (const fact of factList) dropped += await dropUnkept(deps, fact, null);
      return dropped;
    },

    /** The next organisations that do not keep everything. */
    async organisationsToClean(afterOrgId: string, limit: number): Promise<string[]> {
      const chunk = await organisationsWithPolicy(dbOf(orm.em.fork()), afterOrgId, limit);
      return chunk.map(({ org_id }) => org_id);
    },
  };

  /** All of one organisation, in a transaction: a hold that comes meanwhile finds all moved or none. */
  async function raiseFloors(orgId: string, retention: RetentionDays, scheduledAt: string): Promise<void> {
    await dbOf(orm.em.fork())
      .transaction()
      .execute(async (trx) => {
        if (await isHeld(trx, orgId)) return;
        for (const { name, kind, cutoff } of purgeTargets(retention, new Date(scheduledAt))) {
          if (factsOf(kind).length > 0) await raiseRetentionFloor(trx, orgId, name, cutoff);
        }
      });
  }
}
