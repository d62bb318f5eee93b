import { Context } from '@temporalio/activity';
import { v5 as uuidv5 } from 'uuid';
import type {
  PurgeCount,
  PurgeRef,
  PurgeStep,
  PurgeTarget,
  RetentionDays,
  RetentionPlan,
  RetentionStatus,
  RowCursor,
} from '../../shared/contracts/retention.ts';
import { dbOf, type Orm } from '../../shared/db/orm.ts';
import { inTransaction } from '../../shared/db/transaction.ts';
import { type Fact, factList } from '../../shared/facts/index.ts';
import type { Log } from '../../shared/log.ts';
import { recordAudit } from '../../shared/organisations/audit.ts';
import { countDoomed } from '../../shared/retention/count-doomed.ts';
import { isHeld, readPolicy } from '../../shared/retention/policy.ts';
import { forgetRemoved, readRemoved } from '../../shared/retention/purge-counts.ts';
import type { PurgedBatch } from '../../shared/retention/purge-fact.ts';
import { raiseRetentionFloor } from '../../shared/retention/retention-floor.ts';
import { purgeTargets } from '../../shared/retention/rules.ts';
import type { Storage } from '../../shared/storage/storage.ts';
import { permanent } from '../failures.ts';
import { beating } from '../heartbeat.ts';
import { dropUnkept } from './drop-unkept.ts';
import { purgeBatch } from './purge-batch.ts';

/** Maximum duration of a step. A step returns the progress of the run, so progress is never older than this. */
const STEP_MS = 20_000;
/** Derives the id of the audit entry, so that a retry after a lost response adds no second entry. */
const AUDIT_NAMESPACE = '5f0d9c64-6f5a-4c0e-9b0e-3f6a1c2d7e80';

export interface RetentionDependencies {
  orm: Orm;
  storage: Storage;
  log: Log;
}

export interface RetentionReport {
  status: RetentionStatus;
  workflowId: string;
  actor: string;
  actorRole: string;
}

/** The activities of an organisation's retention workflow. All are idempotent. */
export function createRetentionActivities({ orm, storage, log }: RetentionDependencies) {
  return {
    /**
     * Plans a run: its targets with their cut-offs, and whether the organisation is under legal hold.
     * @param days replaces the organisation's policy; null to apply it
     * @param scheduledAt ISO 8601 time from which the cut-offs are computed
     * @throws ApplicationFailure `ORGANISATION_GONE`
     */
    async planRetention(orgId: string, days: RetentionDays | null, scheduledAt: string): Promise<RetentionPlan> {
      const policy = await readPolicy(dbOf(orm.em.fork()), orgId);
      if (!policy) throw permanent('ORGANISATION_GONE', `There is no organisation ${orgId}`);
      return { legalHold: policy.legalHold, targets: purgeTargets(days ?? policy.retention, new Date(scheduledAt)) };
    },

    /** Counts the rows that a purge of this target would remove, and estimates their bytes. Heartbeats. */
    async countDoomed(orgId: string, target: PurgeTarget): Promise<PurgeCount> {
      const signal = Context.current().cancellationSignal;
      const counted = await beating(
        () => ({ target: target.name }),
        () => countDoomed(dbOf(orm.em.fork()), orgId, target, signal),
      );
      return { cutoff: target.cutoff, partitionsDropped: 0, ...counted };
    },

    /**
     * Raises the retention floor of a fact to the target's cut-off; older records are rejected from then on.
     * @returns false if the organisation is under legal hold
     */
    async raiseFloor(ref: PurgeRef, target: PurgeTarget): Promise<boolean> {
      return inTransaction(orm.em.fork(), async (trx) => {
        if (await isHeld(trx, ref.orgId)) return false;
        if (factNamed(target.name)) await raiseRetentionFloor(trx, ref.orgId, target.name, target.cutoff);
        return true;
      });
    },

    /** Drops the partitions of a fact that lie before every organisation's retention floor. */
    async dropPartitions(ref: PurgeRef, target: PurgeTarget): Promise<void> {
      const fact = factNamed(target.name);
      if (fact) await dropUnkept({ orm, log }, fact, ref);
    },

    /**
     * Purges the target in batches for about 20 seconds. Heartbeats.
     * @returns the counts of the whole run so far for this target, and whether the target is done or under legal hold
     */
    async purgeStep(ref: PurgeRef, target: PurgeTarget): Promise<PurgeStep> {
      const signal = Context.current().cancellationSignal;
      const until = Date.now() + STEP_MS;
      const progress = { rows: 0 };
      return beating(
        () => progress,
        async () => {
          for (let after: RowCursor | null = null; ; ) {
            signal.throwIfAborted();
            const batch: PurgedBatch = await purgeBatch({ orm, storage }, ref, target, after);
            if (batch !== 'held') {
              progress.rows += batch.rows;
              after = batch.next;
            }
            if (batch === 'held' || batch.isDone || Date.now() > until) {
              const counts = await readRemoved(dbOf(orm.em.fork()), ref);
              const { rows = 0, partitionsDropped = 0 } = counts.find(({ name }) => name === target.name) ?? {};
              return { rows, partitionsDropped, isDone: batch !== 'held' && batch.isDone, legalHold: batch === 'held' };
            }
          }
        },
      );
    },

    /**
     * Writes what the run removed to the audit log.
     * @returns the counts per target, which are exact even if workers were killed: each delete records its own
     */
    async finishRetention(
      ref: PurgeRef,
      targets: PurgeTarget[],
      report: RetentionReport,
    ): Promise<Record<string, PurgeCount>> {
      const em = orm.em.fork();
      const removed = await readRemoved(dbOf(em), ref);
      const counts = Object.fromEntries(
        targets.map(({ name, cutoff }): [string, PurgeCount] => {
          const { rows = 0, partitionsDropped = 0 } = removed.find((count) => count.name === name) ?? {};
          return [name, { cutoff, rows, partitionsDropped, bytesEstimated: null }];
        }),
      );
      await inTransaction(em, async (trx) => {
        await recordAudit(trx, {
          id: uuidv5(`${ref.orgId}/${ref.run}/${report.status}`, AUDIT_NAMESPACE),
          orgId: ref.orgId,
          actor: report.actor,
          actorRole: report.actorRole,
          action: 'retention.cleaned',
          target: report.workflowId,
          details: {
            status: report.status,
            removed: Object.fromEntries(Object.entries(counts).map(([name, { rows }]) => [name, rows])),
            partitions_dropped: sum(Object.values(counts).map(({ partitionsDropped }) => partitionsDropped)),
          },
          ipAddress: null,
        });
        await forgetRemoved(trx, ref.orgId);
      });
      log.info({ ...ref, status: report.status, counts }, 'retention run finished');
      return counts;
    },
  };
}

function factNamed(name: string): Fact | undefined {
  return factList.find(({ kind }) => kind === name);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
