import { setInterval } from 'node:timers/promises';
import { CancelledFailure, type Client, WorkflowFailedError } from '@temporalio/client';
import { PROGRESS_QUERY, type RunName, type RunProgress, type RunResult } from '../../shared/contracts/runs.ts';

const LOOK_EVERY_MS = 250;

/** How a run ended. Completed work of a cancelled run is kept; its progress is null if no worker responds. */
export type RunEnd<Name extends RunName> =
  | { status: 'completed'; result: RunResult<Name> }
  | { status: 'cancelled'; progress: RunProgress<Name> | null }
  | { status: 'failed'; error: WorkflowFailedError };

export interface AwaitOptions {
  /** An abort cancels the run; its end is still awaited. */
  signal: AbortSignal;
  /** Called several times a second until the end, to show progress. */
  look?: () => Promise<void>;
}

/**
 * Waits for the end of a workflow's latest run, or of the run chain that `runId` started.
 * @throws if Temporal is unreachable
 */
export async function awaitRun<Name extends RunName>(
  client: Client,
  _name: Name,
  { workflowId, runId }: { workflowId: string; runId?: string },
  { signal, look }: AwaitOptions,
): Promise<RunEnd<Name>> {
  const handle = client.workflow.getHandle(
    workflowId,
    undefined,
    runId === undefined ? {} : { firstExecutionRunId: runId },
  );
  const cancel = () => {
    handle.cancel().catch(() => undefined);
  };
  if (signal.aborted) cancel();
  signal.addEventListener('abort', cancel, { once: true });
  const ended = new AbortController();
  const looking = look ? lookUntil(ended.signal, look) : undefined;
  try {
    return { status: 'completed', result: await handle.result() };
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    if (!(error.cause instanceof CancelledFailure)) return { status: 'failed', error };
    const progress = await handle.query<RunProgress<Name>>(PROGRESS_QUERY).catch(() => null);
    return { status: 'cancelled', progress };
  } finally {
    signal.removeEventListener('abort', cancel);
    ended.abort();
    await looking;
  }
}

/** Polls at intervals and once more at the end. Failed polls are ignored. */
async function lookUntil(ended: AbortSignal, look: () => Promise<void>): Promise<void> {
  const tryLook = () => look().catch(() => undefined);
  try {
    for await (const _ of setInterval(LOOK_EVERY_MS, undefined, { signal: ended })) await tryLook();
  } catch (error) {
    if (!ended.aborted) throw error;
  }
  await tryLook();
}
