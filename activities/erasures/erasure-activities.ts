import { Context } from '@temporalio/activity';
import type { ErasedFact, EraseStep, ErasureReceipt, ErasureRef } from '../../shared/contracts/erasure.ts';
import type { PurgeRef, RowCursor } from '../../shared/contracts/retention.ts';
import { dbOf, type Orm } from '../../shared/db/orm.ts';
import { inTransaction } from '../../shared/db/transaction.ts';
import { eraseFactBatch } from '../../shared/erasures/erase-facts.ts';
import { openImports } from '../../shared/erasures/erase-files.ts';
import { eraseTraces } from '../../shared/erasures/erase-traces.ts';
import { closeErasureRow, markErasureRunning, readErasure } from '../../shared/erasures/erasures.ts';
import type { Log } from '../../shared/log.ts';
import { recordAudit } from '../../shared/organisations/audit.ts';
import { readPolicy } from '../../shared/retention/policy.ts';
import { readRemoved } from '../../shared/retention/purge-counts.ts';
import type { Storage } from '../../shared/storage/storage.ts';
import { takeCutoff } from '../../shared/telemetry/cutoff.ts';
import { permanent } from '../failures.ts';
import { beating } from '../heartbeat.ts';
import { eraseFiles } from './erase-files.ts';

/** Progress is as old as one step at most. */
const STEP_MS = 20_000;

export interface ErasureDependencies {
  orm: Orm;
  storage: Storage;
  log: Log;
}

/** The activities of an erasure's workflow. Each can be repeated at any point. */
export function createErasureActivities({ orm, storage, log }: ErasureDependencies) {
  return {
    /** Begins the erasure after the writes in progress, so that it finds every acknowledged record. @returns false where it is closed */
    async beginErasure(ref: ErasureRef): Promise<boolean> {
      const em = orm.em.fork();
      const db = dbOf(em);
      if ((await readPolicy(db, ref.orgId))?.legalHold) throw held(ref.orgId);
      const begun = await markErasureRunning(db, ref);
      if (begun) await inTransaction(em, (trx) => takeCutoff(trx, ref.orgId));
      return begun;
    },

    /** Examines a fact from the position of the step before, for a while. */
    async eraseFactStep(ref: ErasureRef, kind: ErasedFact, after: RowCursor | null): Promise<EraseStep> {
      const { userIds } = await openErasure(ref);
      const signal = Context.current().cancellationSignal;
      const until = Date.now() + STEP_MS;
      const step: EraseStep = { rows: 0, next: after };
      return beating(
        () => step,
        async () => {
          do {
            signal.throwIfAborted();
            const batch = await eraseFactBatch(orm.em.fork(), kind, purgeRef(ref), userIds, step.next);
            if (batch === 'held') throw held(ref.orgId);
            step.rows += batch.rows;
            step.next = batch.next;
          } while (step.next !== null && Date.now() < until);
          return step;
        },
      );
    },

    /** Removes the user's data outside the facts. */
    async eraseUserTraces(ref: ErasureRef): Promise<void> {
      const { userIds, userRef } = await openErasure(ref);
      await beating(
        () => ({}),
        async () => {
          if ((await eraseTraces(orm.em.fork(), purgeRef(ref), userIds, userRef)) === 'held') throw held(ref.orgId);
        },
      );
    },

    /** Removes files that may hold the user's rows. */
    async eraseUserFiles(ref: ErasureRef): Promise<void> {
      await openErasure(ref);
      await beating(
        () => ({}),
        async () => {
          if ((await eraseFiles({ orm, storage }, purgeRef(ref))) === 'held') throw held(ref.orgId);
        },
      );
    },

    /** Closes the erasure with its receipt. @returns the receipt */
    async closeErasure(
      ref: ErasureRef,
      status: 'completed' | 'failed' | 'cancelled',
      errorMessage: string | null,
    ): Promise<ErasureReceipt> {
      const em = orm.em.fork();
      const erasure = await readErasure(dbOf(em), ref);
      if (!erasure) throw permanent('ERASURE_GONE', `There is no erasure ${ref.erasureId}`);
      const receipt = erasure.receipt ?? (await receiptOf(ref));
      await inTransaction(em, async (trx) => {
        // Closed by an attempt whose answer was lost, which has recorded it too.
        if (!(await closeErasureRow(trx, ref, status, receipt, errorMessage))) return;
        await recordAudit(trx, {
          orgId: ref.orgId,
          actor: erasure.requestedBy,
          actorRole: 'workflow',
          action: 'user.erased',
          target: ref.erasureId,
          details: { status, user_ref: erasure.userRef, removed: receipt.removed },
          ipAddress: null,
        });
      });
      log.info({ ...ref, status, removed: receipt.removed }, 'erasure closed');
      return receipt;
    },

    /**
     * @deprecated Does nothing: the job sweep starts erasures. Rounds of retention that began before that may still be
     * waiting for it.
     */
    async startOpenErasures(): Promise<number> {
      return 0;
    },
  };

  async function openErasure(ref: ErasureRef): Promise<{ userIds: string[]; userRef: string }> {
    const erasure = await readErasure(dbOf(orm.em.fork()), ref);
    if (erasure?.status !== 'running' || erasure.userIds === null) {
      throw permanent('ERASURE_CLOSED', `Erasure ${ref.erasureId} is ${erasure?.status ?? 'gone'}`);
    }
    return { userIds: erasure.userIds, userRef: erasure.userRef };
  }

  async function receiptOf(ref: ErasureRef): Promise<ErasureReceipt> {
    const db = dbOf(orm.em.fork());
    const counts = await readRemoved(db, purgeRef(ref));
    const imports = await openImports(db, ref.orgId);
    return {
      removed: Object.fromEntries(counts.map(({ name, rows }) => [name, rows])),
      notes:
        imports === 0 ? [] : [`${imports} imports were in progress: records of the user in their files are new data.`],
    };
  }
}

/** The counts of an erasure are kept as those of a purge. */
function purgeRef({ orgId, erasureId }: ErasureRef): PurgeRef {
  return { orgId, run: `erase/${erasureId}` };
}

function held(orgId: string) {
  return permanent('LEGAL_HOLD', `Organisation ${orgId} is under legal hold: nothing is removed`);
}
