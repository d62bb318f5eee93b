import { z } from 'zod';
import { PROGRESS_QUERY } from '../../../shared/contracts/runs.ts';
import type { RequestContext } from '../../route.ts';

/** Progress is polled, so a late reply is not worth the wait. */
const DEADLINE_MS = 500;
/** Concurrent queries, and queried runs of one page. */
const LANES = 8;
const MAX_QUERIED = 24;

type Progress = Record<string, unknown>;
const progressSchema = z.record(z.string(), z.unknown());

interface RunRef {
  workflowId: string;
  runId: string;
}

/** The progress of a run; null where it reports none or no worker replies in time. */
export async function runProgress({ deps }: RequestContext, { workflowId, runId }: RunRef): Promise<Progress | null> {
  try {
    const handle = deps.temporal.workflow.getHandle(workflowId, runId);
    const progress = await deps.temporal.connection.withDeadline(Date.now() + DEADLINE_MS, () =>
      handle.query<unknown>(PROGRESS_QUERY),
    );
    return progressSchema.safeParse(inSnakeCase(progress)).data ?? null;
  } catch (error) {
    deps.log.debug({ err: error, workflowId }, 'no progress from the run');
    return null;
  }
}

/** The progress of runs by run id. Of a long page only the first runs are queried, a few at a time. */
export async function progressOfAll(
  context: RequestContext,
  runs: readonly RunRef[],
): Promise<ReadonlyMap<string, Progress | null>> {
  const found = new Map<string, Progress | null>();
  const waiting = runs.slice(0, MAX_QUERIED);
  const lane = async () => {
    for (let run = waiting.shift(); run; run = waiting.shift()) found.set(run.runId, await runProgress(context, run));
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return found;
}

/** Field names as in all answers: `rowsTotal` → `rows_total`. */
export function inSnakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inSnakeCase);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, child]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      inSnakeCase(child),
    ]),
  );
}
