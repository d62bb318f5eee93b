import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { v5 as uuidv5 } from 'uuid';
import type { ErasedFact, EraseStep, ErasureReceipt, ErasureRef } from '../../shared/contracts/erasure.ts';
import type { PurgeRef, RowCursor } from '../../shared/contracts/retention.ts';
import { dbOf, type Orm } from '../../shared/db/orm.ts';
import { eraseFactBatch } from '../../shared/erasures/erase-facts.ts';
import { openImports } from '../../shared/erasures/erase-files.ts';
import { eraseTraces } from '../../shared/erasures/erase-traces.ts';
import {
  beginErasure,
  closeErasure,
  noteErasureRun,
  openErasures,
  readErasure,
} from '../../shared/erasures/erasures.ts';
import { startErasure } from '../../shared/erasures/start-erasure.ts';
import type { Log } from '../../shared/log.ts';
import { recordAudit } from '../../shared/organisations/audit.ts';
import { readPolicy } from '../../shared/retention/policy.ts';
import { readRemoved } from '../../shared/retention/purge-counts.ts';
import type { Storage } from '../../shared/storage/storage.ts';
import { takeCutoff } from '../../shared/telemetry/cutoff.ts';
import type { TaskQueues } from '../../shared/temporal.ts';
import { permanent } from '../failures.ts';
import { beating } from '../heartbeat.ts';
import { eraseFiles } from './erase-files.ts';

/** A step says how far the erasure is when it ends. */
const STEP_MS = 20_000;
/** Younger ones may be between their row and their start. */
const PENDING_GRACE_MS = 15_000;
const OPEN_AT_ONCE = 200;
/** Makes the same audit entry of an attempt whose answer was lost. */
const AUDIT_NAMESPACE = '8a5b7f0e-3c1d-4f57-9a36-0d4a4b1e6c21';

export interface ErasureDependencies {
  orm: Orm;
  storage: Storage;
  client: Client;
  queues: TaskQueues;
  log: Log;
}

/** What the workflow that erases a user has done for it. Each can be repeated at any point. */
export function createErasureActivities({ orm, storage, client, queues, log }: ErasureDependencies) {
  return {
    /** Waits for what is being written, so that all that was answered for before is found. @returns false where it is over */
    async beginErasure(ref: ErasureRef): Promise<boolean> {
      const db = dbOf(orm.em.fork());
      if ((await readPolicy(db, ref.orgId))?.legalHold) throw held(ref.orgId);
      const begun = await beginErasure(db, ref);
      if (begun) await db.transaction().execute((trx) => takeCutoff(trx, ref.orgId));
      return begun;
    },

    /** Looks through a fact from where the step before left off, for a while. */
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
            const batch = await eraseFactBatch(dbOf(orm.em.fork()), kind, purgeRef(ref), userIds, step.next);
            if (batch === 'held') throw held(ref.orgId);
            step.rows += batch.rows;
            step.next = batch.next;
          } while (step.next !== null && Date.now() < until);
          return step;
        },
      );
    },

    /** What is known of the user beside the facts. */
    async eraseUserTraces(ref: ErasureRef): Promise<void> {
      const { userIds, userRef } = await openErasure(ref);
      if ((await eraseTraces(dbOf(orm.em.fork()), purgeRef(ref), userIds, userRef)) === 'held') throw held(ref.orgId);
    },

    /** Files that may hold the user's rows. */
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
      const db = dbOf(orm.em.fork());
      const erasure = await readErasure(db, ref);
      if (!erasure) throw permanent('ERASURE_GONE', `There is no erasure ${ref.erasureId}`);
      const receipt = erasure.receipt ?? (await receiptOf(ref));
      await db.transaction().execute(async (trx) => {
        await closeErasure(trx, ref, status, receipt, errorMessage);
        await recordAudit(trx, {
          id: uuidv5(`${ref.erasureId}/${status}`, AUDIT_NAMESPACE),
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

    /** Has those go on whose API was killed between the row and the start, or whose workflow was terminated. @returns how many are under way */
    async startOpenErasures(): Promise<number> {
      const db = dbOf(orm.em.fork());
      const open = await openErasures(db, new Date(Date.now() - PENDING_GRACE_MS), OPEN_AT_ONCE);
      for (const ref of open) await noteErasureRun(db, ref, (await startErasure(client, queues, ref)).runId);
      return open.length;
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
        imports === 0
          ? []
          : [`${imports} imports were under way: should their files name the user, those records are new data.`],
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
