import { continueAsNew, isCancellation, log, proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { VerifyInput, VerifyResult } from '../shared/contracts/rollups.ts';
import { brief, onHeavyQueue } from './options.ts';
import { answerProgress } from './progress.ts';

/** Organisations of one run; the next continues after them, with a new history. */
const ORGANISATIONS_PER_RUN = 200;
/** A result holds the first of them; the log has the others. */
const DIFFERENCES_LISTED = 100;

/** Recomputes all rollups from the facts, one organisation after the other, and reports each difference. */
export async function verifyRollups(input: VerifyInput): Promise<VerifyResult> {
  const { listOrganisations } = proxyActivities<Activities>({ ...brief });
  const { verifyOne } = proxyActivities<Activities>(onHeavyQueue());
  const result: VerifyResult = input.resume?.result ?? {
    organisations: 0,
    organisationsFailed: 0,
    daysChecked: 0,
    daysSkipped: 0,
    differenceCount: 0,
    differences: [],
  };
  answerProgress<'verifyRollups'>(() => result);
  const { orgId: only } = input;
  const orgIds =
    only === null ? await listOrganisations(input.resume?.afterOrgId ?? '', ORGANISATIONS_PER_RUN) : [only];
  for (const orgId of orgIds) {
    try {
      const found = await verifyOne(orgId);
      result.daysChecked += found.daysChecked;
      result.daysSkipped += found.daysSkipped;
      result.differenceCount += found.differenceCount;
      result.differences = [...result.differences, ...found.differences].slice(0, DIFFERENCES_LISTED);
    } catch (error) {
      if (isCancellation(error) || only !== null) throw error;
      log.error('an organisation was not verified', { orgId, error });
      result.organisationsFailed += 1;
    }
    result.organisations += 1;
    setCurrentDetails(
      `${result.organisations} organisations, ${result.daysChecked} days: ${result.differenceCount} differences`,
    );
  }
  const last = orgIds.at(-1);
  if (only !== null || last === undefined) return result;
  return continueAsNew<typeof verifyRollups>({ ...input, resume: { afterOrgId: last, result } });
}
