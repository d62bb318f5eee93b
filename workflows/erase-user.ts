import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  defineQuery,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import {
  ERASED_FACTS,
  ERASURE_PROGRESS_QUERY,
  type ErasureInput,
  type ErasureProgress,
  type ErasureReceipt,
} from '../shared/contracts/erasure.ts';
import type { RowCursor } from '../shared/contracts/retention.ts';
import { brief, heavy } from './options.ts';

const progressQuery = defineQuery<ErasureProgress>(ERASURE_PROGRESS_QUERY);

/**
 * Removes all that is known of one user: facts, then what was made of them, then files that may hold them. Every batch
 * is a transaction of its own and can be repeated; what is killed goes on where it was.
 * @returns the receipt, or null where it was over before this began
 */
export async function eraseUser({ heavyTaskQueue, ...input }: ErasureInput): Promise<ErasureReceipt | null> {
  const ref = { orgId: input.orgId, erasureId: input.erasureId };
  const rows = proxyActivities<Activities>({ ...brief });
  const heavily = proxyActivities<Activities>({ ...heavy, taskQueue: heavyTaskQueue });
  const progress: ErasureProgress = { status: 'running', current: null, removed: {} };
  setHandler(progressQuery, () => progress);
  const at = (current: string | null) => {
    progress.current = current;
    setCurrentDetails(`**${progress.status}**${current === null ? '' : `, at ${current}`}`);
  };
  try {
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
    return await close('completed', null);
  } catch (error) {
    const status = isCancellation(error) ? 'cancelled' : 'failed';
    // Outside the cancelled scope: the receipt tells what was removed until then.
    await CancellationScope.nonCancellable(() => close(status, status === 'failed' ? reasonOf(error) : null));
    throw error;
  }

  async function close(status: 'completed' | 'failed' | 'cancelled', reason: string | null): Promise<ErasureReceipt> {
    const receipt = await rows.closeErasure(ref, status, reason);
    Object.assign(progress, { status, removed: receipt.removed });
    at(null);
    return receipt;
  }
}

/** The innermost reason, which is ours: what Temporal wraps around it says where, not why. */
function reasonOf(error: unknown): string {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure) return cause.message;
  return cause instanceof Error ? cause.message : String(cause);
}
