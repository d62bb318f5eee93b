import { z } from 'zod';
import { PROGRESS_QUERY } from '../../../shared/contracts/runs.ts';
import type { RequestContext } from '../../route.ts';

/** Progress is asked for often; who wants it more urgently asks again. */
const DEADLINE_MS = 500;
/** Questions under way at once, and runs of one page that are asked. */
const LANES = 8;
const MOST_ASKED = 24;

type Progress = Record<string, unknown>;
const progressSchema = z.record(z.string(), z.unknown());

interface RunRef {
  workflowId: string;
  runId: string;
}

/** What a run tells of itself; null where it tells nothing or no worker answers in time. */
export async function runProgress({ deps }: RequestContext, { workflowId, runId }: RunRef): Promise<Progress | null> {
  try {
    const handle = deps.temporal.workflow.getHandle(workflowId, runId);
    const told = await deps.temporal.connection.withDeadline(Date.now() + DEADLINE_MS, () =>
      handle.query<unknown>(PROGRESS_QUERY),
    );
    return progressSchema.safeParse(inSnakeCase(told)).data ?? null;
  } catch (error) {
    deps.log.debug({ err: error, workflowId }, 'a run told no progress');
    return null;
  }
}

/** The progress of some runs, by run id. A long page asks the first of them only, a few at a time. */
export async function progressOfAll(
  context: RequestContext,
  runs: readonly RunRef[],
): Promise<ReadonlyMap<string, Progress | null>> {
  const told = new Map<string, Progress | null>();
  const waiting = runs.slice(0, MOST_ASKED);
  const lane = async () => {
    for (let run = waiting.shift(); run; run = waiting.shift()) told.set(run.runId, await runProgress(context, run));
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return told;
}

/** Field names as all answers write them: `rowsTotal` → `rows_total`. */
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
