/** The workflow bundle's entry: what it exports can be started by name. worker/workflow-bundle.ts checks the types. */
export { backfill } from './backfill.ts';
export { dailyRollup } from './daily-rollup.ts';
export { eraseUser } from './erase-user.ts';
export { generateReport } from './generate-report.ts';
export { housekeeping } from './housekeeping.ts';
export { importFile } from './import-file.ts';
export { retentionCleanup } from './retention-cleanup.ts';
export { retentionRound } from './retention-round.ts';
export { rollup } from './rollup.ts';
export { sweepJobs } from './sweep-jobs.ts';
export { sweepReports } from './sweep-reports.ts';
export { verifyRollups } from './verify-rollups.ts';
