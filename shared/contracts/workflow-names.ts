/** The workflows by the names that Temporal knows them by. */
export const WORKFLOWS = {
  generateReport: 'generateReport',
  sweepReports: 'sweepReports',
  housekeeping: 'housekeeping',
  importFile: 'importFile',
} as const;
