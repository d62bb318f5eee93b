import {
  continueAsNew,
  defineQuery,
  isCancellation,
  log,
  proxyActivities,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { PROGRESS_QUERY, type VerifyInput, type VerifyResult } from '../shared/contracts/rollups.ts';
import { brief, heavy } from './options.ts';

const progressQuery = defineQuery<VerifyResult>(PROGRESS_QUERY);

/** Organisations of one run; the next goes on after them, with a new history. */
const ORGANISATIONS_PER_RUN = 200;
/** What a result holds of them; the log has the others. */
const DIFFERENCES_TOLD = 100;

/** Recomputes everything derived from the facts, one organisation after the other, and tells each difference. */
export async function verifyRollups(input: VerifyInput): Promise<VerifyResult> {
  const { listOrganisations } = proxyActivities<Activities>({ ...brief });
  const { verifyOne } = proxyActivities<Activities>({ ...heavy, taskQueue: input.heavyTaskQueue });
  const result: VerifyResult = input.resume?.result ?? {
    organisations: 0,
    organisationsFailed: 0,
    daysChecked: 0,
    daysSkipped: 0,
    differenceCount: 0,
    differences: [],
  };
  setHandler(progressQuery, () => result);
  const { orgId: only } = input;
  const orgIds =
    only === null ? await listOrganisations(input.resume?.afterOrgId ?? '', ORGANISATIONS_PER_RUN) : [only];
  for (const orgId of orgIds) {
    try {
      const found = await verifyOne(orgId);
      result.daysChecked += found.daysChecked;
      result.daysSkipped += found.daysSkipped;
      result.differenceCount += found.differenceCount;
      result.differences = [...result.differences, ...found.differences].slice(0, DIFFERENCES_TOLD);
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
