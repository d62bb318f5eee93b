import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { proxyActivities, setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { JobStatus } from '../shared/contracts/jobs.ts';
import {
  progressPercent,
  type ReportFile,
  type ReportInput,
  type ReportProgress,
} from '../shared/contracts/reports.ts';
import { SEARCH_ATTRIBUTES } from '../shared/contracts/search-attributes.ts';
import { closedOnFailure } from './job-outcome.ts';
import { inLanes } from './lanes.ts';
import { brief, onHeavyQueue } from './options.ts';
import { answerProgress } from './progress.ts';

const statusAttribute = defineSearchAttributeKey(SEARCH_ATTRIBUTES.status, SearchAttributeType.KEYWORD);

/**
 * Makes one report: plan → parts, several at a time → one file → published. Each step can be repeated after a crash; a
 * cancellation or a failure leaves no files.
 * @returns the file, or null where the report was closed before this began
 */
export async function generateReport(input: ReportInput): Promise<ReportFile | null> {
  const ref = { orgId: input.orgId, reportId: input.reportId };
  const rows = proxyActivities<Activities>({ ...brief });
  const files = proxyActivities<Activities>(onHeavyQueue());
  const progress: ReportProgress = {
    phase: 'waiting',
    rowsWritten: 0,
    rowsTotal: null,
    partsDone: 0,
    partsTotal: null,
  };
  answerProgress<'generateReport'>(() => progress);
  const advance = (change: Partial<ReportProgress>) => {
    Object.assign(progress, change);
    setCurrentDetails(describe(progress));
  };

  return closedOnFailure(
    async () => {
      advance({ phase: 'planning' });
      if (!(await rows.beginReport(ref))) return null;
      showStatus('running');
      const plan = await files.planReport(ref);
      advance({ ...plan, phase: 'writing' });
      const parts = Array.from({ length: plan.partsTotal }, (_, part) => part);
      await inLanes(parts, input.parallelParts, async (part) => {
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
    },
    async (outcome) => {
      await rows.closeReport(ref, outcome);
      showStatus(outcome.status);
    },
  );
}

function showStatus(status: JobStatus): void {
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
