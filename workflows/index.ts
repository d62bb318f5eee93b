/** The workflow bundle's entry: what it exports can be started by name. */
import type { RunWorkflows } from '../shared/contracts/runs.ts';
import { backfill } from './backfill.ts';
import { dailyRollup } from './daily-rollup.ts';
import { eraseUser } from './erase-user.ts';
import { generateReport } from './generate-report.ts';
import { housekeeping } from './housekeeping.ts';
import { importFile } from './import-file.ts';
import { retentionCleanup } from './retention-cleanup.ts';
import { retentionRound } from './retention-round.ts';
import { rollup } from './rollup.ts';
import { sweepJobs } from './sweep-jobs.ts';
import { verifyRollups } from './verify-rollups.ts';

// Each function is held to its entry in contracts/runs.ts: a missing workflow or another input does not compile.
({
  backfill,
  dailyRollup,
  eraseUser,
  generateReport,
  housekeeping,
  importFile,
  retentionCleanup,
  retentionRound,
  rollup,
  sweepJobs,
  verifyRollups,
}) satisfies RunWorkflows;

export { sweepReports } from './sweep-reports.ts';
export {
  backfill,
  dailyRollup,
  eraseUser,
  generateReport,
  housekeeping,
  importFile,
  retentionCleanup,
  retentionRound,
  rollup,
  sweepJobs,
  verifyRollups,
};
