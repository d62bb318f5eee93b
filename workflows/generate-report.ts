import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  defineQuery,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import {
  progressPercent,
  REPORT_PROGRESS_QUERY,
  type ReportFailure,
  type ReportFile,
  type ReportInput,
  type ReportProgress,
  type ReportStatus,
} from '../shared/contracts/reports.ts';
import { SEARCH_ATTRIBUTES } from '../shared/contracts/search-attributes.ts';
import { brief, heavy } from './options.ts';

const progressQuery = defineQuery<ReportProgress>(REPORT_PROGRESS_QUERY);
const statusAttribute = defineSearchAttributeKey(SEARCH_ATTRIBUTES.status, SearchAttributeType.KEYWORD);

/**
 * Makes one report: plan → parts, several at once → one file → published. Whatever is killed, each step is done again
 * from where it was; a cancellation or a failure leaves no files.
 * @returns the file, or null where the report was closed before this began
 */
export async function generateReport(input: ReportInput): Promise<ReportFile | null> {
  const ref = { orgId: input.orgId, reportId: input.reportId };
  const rows = proxyActivities<Activities>({ ...brief });
  const files = proxyActivities<Activities>({ ...heavy, taskQueue: input.heavyTaskQueue });
  const progress: ReportProgress = {
    phase: 'waiting',
    rowsWritten: 0,
    rowsTotal: null,
    partsDone: 0,
    partsTotal: null,
  };
  setHandler(progressQuery, () => progress);
  const advance = (change: Partial<ReportProgress>) => {
    Object.assign(progress, change);
    setCurrentDetails(describe(progress));
  };

  try {
    advance({ phase: 'planning' });
    if (!(await rows.beginReport(ref))) return null;
    showStatus('running');
    advance({ ...(await files.planReport(ref)), phase: 'writing' });
    await inParallel(progress.partsTotal ?? 0, input.parallelParts, async (part) => {
      const written = await files.writeReportPart({ ...ref, part });
      advance({ rowsWritten: progress.rowsWritten + written, partsDone: progress.partsDone + 1 });
    });
    advance({ phase: 'assembling' });
    const file = await files.assembleReport(ref);
    advance({ phase: 'publishing' });
    await rows.publishReport(ref, file);
    advance({ phase: 'done' });
    showStatus('completed');
    return file;
  } catch (error) {
    const status = isCancellation(error) ? 'cancelled' : 'failed';
    // Outside the cancelled scope: the files must go also, and just, when nobody wants the report any more.
    await CancellationScope.nonCancellable(() =>
      status === 'failed'
        ? rows.closeReport(ref, { status, failure: failureOf(error) })
        : rows.closeReport(ref, { status }),
    );
    showStatus(status);
    throw error;
  }
}

/** Does `work` for 0 … count - 1, so many at a time; the first failure cancels the others and waits for them. */
async function inParallel(count: number, width: number, work: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  await CancellationScope.cancellable(async () => {
    const scope = CancellationScope.current();
    const lane = async () => {
      while (next < count) {
        const n = next;
        next += 1;
        await work(n);
      }
    };
    const lanes = Array.from({ length: Math.min(width, count) }, () =>
      lane().catch((error: unknown) => {
        scope.cancel();
        throw error;
      }),
    );
    const results = await Promise.allSettled(lanes);
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    // What broke tells more than the cancellations that it caused.
    const cause = failures.find((failure) => !isCancellation(failure)) ?? failures[0];
    if (cause) throw cause;
  });
}

function showStatus(status: ReportStatus): void {
  upsertSearchAttributes([{ key: statusAttribute, value: status }]);
}

function describe(progress: ReportProgress): string {
  const { phase, rowsWritten, rowsTotal, partsDone, partsTotal } = progress;
  return [
    `**${phase}**, ${progressPercent(progress)} %`,
    `- rows: ${rowsWritten} of ${rowsTotal ?? 'not counted yet'}`,
    `- parts: ${partsDone} of ${partsTotal ?? 'not planned yet'}`,
  ].join('\n');
}

/** The innermost reason, which is ours: what Temporal wraps around it says where, not why. */
function failureOf(error: unknown): ReportFailure {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure) return { code: cause.type ?? 'FAILED', message: cause.message };
  return { code: 'FAILED', message: cause instanceof Error ? cause.message : String(cause) };
}
