import { continueAsNew, proxyActivities, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type {
  PurgeRef,
  PurgeTarget,
  RetentionInput,
  RetentionPlan,
  RetentionProgress,
} from '../shared/contracts/retention.ts';
import { closedOnFailure } from './job-outcome.ts';
import { brief, onHeavyQueue } from './options.ts';
import { answerProgress } from './progress.ts';

/**
 * Removes what one organisation's policy does not keep, kind after kind, in bounded batches. Each batch is a transaction
 * of its own, so a run that is cancelled or killed leaves whole batches, and the next run removes the rest. A dry run
 * counts and changes nothing.
 */
export async function retentionCleanup(input: RetentionInput): Promise<RetentionProgress> {
  const { workflowId, firstExecutionRunId } = workflowInfo();
  const ref: PurgeRef = { orgId: input.orgId, run: firstExecutionRunId };
  const briefly = proxyActivities<Activities>({ ...brief });
  // The options bound one step; a purge may take thousands of them.
  const purges = proxyActivities<Activities>(onHeavyQueue());
  const progress: RetentionProgress = input.resume?.progress ?? {
    status: 'running',
    dryRun: input.dryRun,
    legalHold: false,
    current: null,
    targetsDone: 0,
    targetsTotal: null,
    counts: {},
  };
  answerProgress<'retentionCleanup'>(() => progress);
  const advance = (change: Partial<RetentionProgress>) => {
    Object.assign(progress, change);
    setCurrentDetails(describe(progress));
  };
  const finish = async (plan: RetentionPlan, status: RetentionProgress['status']) => {
    const { actor, actorRole, dryRun } = input;
    advance({ status, current: null, legalHold: plan.legalHold });
    if (dryRun) return;
    advance({ counts: await briefly.finishRetention(ref, plan.targets, { status, workflowId, actor, actorRole }) });
  };

  const plan = input.resume?.plan ?? (await briefly.planRetention(input.orgId, input.days, input.scheduledAt));
  advance({ targetsTotal: plan.targets.length });
  return closedOnFailure(
    async () => {
      for (const target of plan.targets.slice(progress.targetsDone)) {
        if (plan.legalHold && !input.dryRun) break;
        advance({ current: target.name });
        if (input.dryRun) {
          count(target, await purges.countDoomed(input.orgId, target));
        } else if (!(await purge(target))) {
          plan.legalHold = true;
          break;
        }
        advance({ targetsDone: progress.targetsDone + 1 });
      }
      await finish(plan, plan.legalHold && !input.dryRun ? 'held' : 'completed');
      return progress;
    },
    // The audit log lists what was removed until then.
    ({ status }) => finish(plan, status),
  );

  /** @returns false where a legal hold was set in between */
  async function purge(target: PurgeTarget): Promise<boolean> {
    if (!(await briefly.raiseFloor(ref, target))) return false;
    if (input.dropsPartitions) await purges.dropPartitions(ref, target);
    for (;;) {
      const step = await purges.purgeStep(ref, target);
      const { rows, partitionsDropped } = step;
      count(target, { cutoff: target.cutoff, rows, partitionsDropped, bytesEstimated: null });
      if (step.legalHold) return false;
      if (step.isDone) return true;
      if (workflowInfo().continueAsNewSuggested) {
        await continueAsNew<typeof retentionCleanup>({ ...input, resume: { plan, progress } });
      }
    }
  }

  function count({ name }: PurgeTarget, found: RetentionProgress['counts'][string]): void {
    advance({ counts: { ...progress.counts, [name]: found } });
  }
}

function describe({ status, dryRun, counts, current, targetsDone, targetsTotal }: RetentionProgress): string {
  return [
    `**${status}**${dryRun ? ', a dry run' : ''}: ${targetsDone} of ${targetsTotal ?? '?'} kinds${current === null ? '' : `, at ${current}`}`,
    ...Object.entries(counts).map(
      ([name, { rows, cutoff }]) => `- ${name} before ${cutoff.slice(0, 10)}: ${rows} rows`,
    ),
  ].join('\n');
}
