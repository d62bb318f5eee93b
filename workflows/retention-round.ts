import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import {
  continueAsNew,
  executeChild,
  isCancellation,
  log,
  ParentClosePolicy,
  patched,
  proxyActivities,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { RetentionInput, RetentionRoundInput, RetentionRoundResult } from '../shared/contracts/retention.ts';
import { runDefinition } from '../shared/contracts/runs.ts';
import { SEARCH_ATTRIBUTES } from '../shared/contracts/search-attributes.ts';
import { inLanes } from './lanes.ts';
import { brief, onHeavyQueue } from './options.ts';
import type { retentionCleanup } from './retention-cleanup.ts';

const organisationAttribute = defineSearchAttributeKey(SEARCH_ATTRIBUTES.organisation, SearchAttributeType.KEYWORD);
const kindAttribute = defineSearchAttributeKey(SEARCH_ATTRIBUTES.kind, SearchAttributeType.KEYWORD);
/** Set by Temporal on what a schedule starts. */
const scheduledAttribute = defineSearchAttributeKey('TemporalScheduledStartTime', SearchAttributeType.DATETIME);

/** Organisations cleaned at the same time: they share the queue and the database with reports that somebody waits for. */
const AT_ONCE = 4;
/** After so many the history is a few thousand events long. */
const ORGANISATIONS_PER_RUN = 200;

/**
 * Retention of all organisations: floors first, then the partitions that no organisation keeps, then each organisation's
 * rest, in a workflow of its own. One that fails does not delay the others.
 */
export async function retentionRound(input: RetentionRoundInput): Promise<RetentionRoundResult> {
  const rows = proxyActivities<Activities>({ ...brief });
  const purges = proxyActivities<Activities>(onHeavyQueue());
  const { resume } = input;
  const result = resume?.result ?? { organisations: 0, failed: 0, partitionsDropped: 0 };
  const scheduledAt = resume?.scheduledAt ?? scheduledTime();
  if (!resume) {
    // Rounds that began before the job sweep took erasures replay this activity.
    if (!patched('erasures-are-swept')) await rows.startOpenErasures();
    await purges.raiseAllFloors(scheduledAt);
    result.partitionsDropped = await purges.dropAllPartitions();
  }
  const orgIds = await rows.organisationsToClean(resume?.afterOrgId ?? '', ORGANISATIONS_PER_RUN);
  await inLanes(orgIds, AT_ONCE, async (orgId) => {
    result.organisations += 1;
    if (!(await clean(orgId, scheduledAt))) result.failed += 1;
    setCurrentDetails(`${result.organisations} organisations, ${result.failed} of them failed`);
  });
  const last = orgIds.at(-1);
  if (last === undefined || orgIds.length < ORGANISATIONS_PER_RUN) return result;
  return continueAsNew<typeof retentionRound>({ ...input, resume: { scheduledAt, afterOrgId: last, result } });
}

/** @returns false where it failed; its own workflow has the reason */
async function clean(orgId: string, scheduledAt: string): Promise<boolean> {
  const by = { actor: 'schedule', actorRole: 'schedule' };
  const input: RetentionInput = { orgId, dryRun: false, scheduledAt, days: null, dropsPartitions: false, ...by };
  const { id, kind, summary } = runDefinition('retentionCleanup');
  try {
    await executeChild<typeof retentionCleanup>('retentionCleanup', {
      workflowId: id(input, workflowInfo().taskQueue),
      args: [input],
      // A cleanup that has begun may finish by itself: its batches are whole.
      parentClosePolicy: ParentClosePolicy.ABANDON,
      typedSearchAttributes: [
        { key: organisationAttribute, value: orgId },
        { key: kindAttribute, value: kind(input) },
      ],
      staticSummary: summary(input).slice(0, 200),
    });
    return true;
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.warn('retention of one organisation failed', { orgId, error });
    return false;
  }
}

/** The scheduled time, however late the run; the start time where no schedule started it. */
function scheduledTime(): string {
  const { typedSearchAttributes, startTime } = workflowInfo();
  return (typedSearchAttributes.get(scheduledAttribute) ?? startTime).toISOString();
}
