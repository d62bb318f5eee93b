/** The workflow bundle's entry: what it exports can be started by name. */
export { generateReport } from './generate-report.ts';
export { housekeeping } from './housekeeping.ts';
export { importFile } from './import-file.ts';
export { sweepReports } from './sweep-reports.ts';
