/** The workflows by the names that Temporal knows them by. */
export const WORKFLOWS = {
  generateReport: 'generateReport',
  sweepReports: 'sweepReports',
  housekeeping: 'housekeeping',
  importFile: 'importFile',
  retentionCleanup: 'retentionCleanup',
  retentionRound: 'retentionRound',
  eraseUser: 'eraseUser',
  rollup: 'rollup',
  dailyRollup: 'dailyRollup',
  backfill: 'backfill',
  verifyRollups: 'verifyRollups',
} as const;
