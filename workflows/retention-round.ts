import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import {
  continueAsNew,
  executeChild,
  isCancellation,
  log,
  ParentClosePolicy,
  proxyActivities,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import {
  type RetentionRoundInput,
  type RetentionRoundResult,
  retentionWorkflowId,
} from '../shared/contracts/retention.ts';
import { SEARCH_ATTRIBUTES } from '../shared/contracts/search-attributes.ts';
import { WORKFLOWS } from '../shared/contracts/workflow-names.ts';
import { brief, heavy } from './options.ts';
import type { retentionCleanup } from './retention-cleanup.ts';

const organisationAttribute = defineSearchAttributeKey(SEARCH_ATTRIBUTES.organisation, SearchAttributeType.KEYWORD);
const kindAttribute = defineSearchAttributeKey(SEARCH_ATTRIBUTES.kind, SearchAttributeType.KEYWORD);
/** Set by Temporal on what a schedule starts. */
const scheduledAttribute = defineSearchAttributeKey('TemporalScheduledStartTime', SearchAttributeType.DATETIME);

/** Organisations cleaned side by side: they share the queue and the database with whoever waits for a report. */
const AT_ONCE = 4;
/** After so many the history is a few thousand events long. */
const ORGANISATIONS_PER_RUN = 200;

/**
 * Retention of all organisations: floors first, then the partitions that nobody keeps any more, then each organisation's
 * rest, in a workflow of its own. One that fails does not hold up the others.
 */
export async function retentionRound(input: RetentionRoundInput): Promise<RetentionRoundResult> {
  const rows = proxyActivities<Activities>({ ...brief });
  const purges = proxyActivities<Activities>({ ...heavy, taskQueue: input.heavyTaskQueue });
  const { resume } = input;
  const result = resume?.result ?? { organisations: 0, failed: 0, partitionsDropped: 0 };
  const scheduledAt = resume?.scheduledAt ?? scheduledTime();
  if (!resume) {
    await rows.startOpenErasures();
    await purges.raiseAllFloors(scheduledAt);
    result.partitionsDropped = await purges.dropAllPartitions();
  }
  const orgIds = await rows.organisationsToClean(resume?.afterOrgId ?? '', ORGANISATIONS_PER_RUN);
  const waiting = [...orgIds];
  const lane = async () => {
    for (let orgId = waiting.shift(); orgId !== undefined; orgId = waiting.shift()) {
      result.organisations += 1;
      if (!(await clean(orgId, scheduledAt, input.heavyTaskQueue))) result.failed += 1;
      setCurrentDetails(`${result.organisations} organisations, ${result.failed} of them failed`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  const last = orgIds.at(-1);
  if (last === undefined || orgIds.length < ORGANISATIONS_PER_RUN) return result;
  return continueAsNew<typeof retentionRound>({ ...input, resume: { scheduledAt, afterOrgId: last, result } });
}

/** @returns false where it failed; its own workflow says why */
async function clean(orgId: string, scheduledAt: string, heavyTaskQueue: string): Promise<boolean> {
  try {
    await executeChild<typeof retentionCleanup>(WORKFLOWS.retentionCleanup, {
      workflowId: retentionWorkflowId(orgId, scheduledAt.slice(0, 10)),
      args: [
        {
          orgId,
          dryRun: false,
          scheduledAt,
          days: null,
          dropsPartitions: false,
          actor: 'schedule',
          actorRole: 'schedule',
          heavyTaskQueue,
        },
      ],
      // What is begun may end by itself: its batches are whole.
      parentClosePolicy: ParentClosePolicy.ABANDON,
      typedSearchAttributes: [
        { key: organisationAttribute, value: orgId },
        { key: kindAttribute, value: 'retention' },
      ],
      staticSummary: `retention of ${orgId}`.slice(0, 200),
    });
    return true;
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.warn('retention of one organisation failed', { orgId, error });
    return false;
  }
}

/** By the schedule, whenever it comes to run; by the clock where somebody started it. */
function scheduledTime(): string {
  const { typedSearchAttributes, startTime } = workflowInfo();
  return (typedSearchAttributes.get(scheduledAttribute) ?? startTime).toISOString();
}
