import { defineQuery, setHandler } from '@temporalio/workflow';
import { PROGRESS_QUERY, type RunName, type RunProgress } from '../shared/contracts/runs.ts';

/** Answers the progress query of this run. Call it before the first `await`, so that no query comes too early. */
export function answerProgress<Name extends RunName>(progress: () => RunProgress<Name>): void {
  setHandler(defineQuery<RunProgress<Name>>(PROGRESS_QUERY), progress);
}
