import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import {
  ERASED_FACTS,
  type ErasureInput,
  type ErasureProgress,
  type ErasureReceipt,
} from '../shared/contracts/erasure.ts';
import type { RowCursor } from '../shared/contracts/retention.ts';
import { closedOnFailure } from './job-outcome.ts';
import { brief, onHeavyQueue } from './options.ts';
import { answerProgress } from './progress.ts';

/**
 * Removes all data of one user: facts, then what is derived from them, then files that may hold them. Every batch is a
 * transaction of its own and can be repeated, so a killed worker costs one batch.
 * @returns the receipt, or null where the erasure was closed before this began
 */
export async function eraseUser({ orgId, erasureId }: ErasureInput): Promise<ErasureReceipt | null> {
  const ref = { orgId, erasureId };
  const rows = proxyActivities<Activities>({ ...brief });
  const heavily = proxyActivities<Activities>(onHeavyQueue());
  const progress: ErasureProgress = { status: 'running', current: null, removed: {} };
  answerProgress<'eraseUser'>(() => progress);
  const at = (current: string | null) => {
    progress.current = current;
    setCurrentDetails(`**${progress.status}**${current === null ? '' : `, at ${current}`}`);
  };

  return closedOnFailure(
    async () => {
      if (!(await rows.beginErasure(ref))) return null;
      for (const kind of ERASED_FACTS) {
        at(kind);
        let after: RowCursor | null = null;
        do {
          const step: Awaited<ReturnType<Activities['eraseFactStep']>> = await heavily.eraseFactStep(ref, kind, after);
          progress.removed[kind] = (progress.removed[kind] ?? 0) + step.rows;
          after = step.next;
        } while (after !== null);
      }
      at('users');
      await heavily.eraseUserTraces(ref);
      at('files');
      await heavily.eraseUserFiles(ref);
      return close('completed', null);
    },
    // The receipt lists what was removed until then.
    (outcome) => close(outcome.status, outcome.status === 'failed' ? outcome.failure.message : null),
  );

  async function close(status: 'completed' | 'failed' | 'cancelled', reason: string | null): Promise<ErasureReceipt> {
    const receipt = await rows.closeErasure(ref, status, reason);
    Object.assign(progress, { status, removed: receipt.removed });
    at(null);
    return receipt;
  }
}
