/** What crosses between the API, the report workflow and its activities. Ids and counts, never rows. */

export const REPORT_PHASES = ['waiting', 'planning', 'writing', 'assembling', 'publishing', 'done'] as const;
export type ReportPhase = (typeof REPORT_PHASES)[number];

export interface ReportInput {
  orgId: string;
  reportId: string;
  reportType: string;
  format: string;
  /** As requested; shown in the Temporal UI. */
  name: string;
  /** Parts that are written at the same time. */
  parallelParts: number;
}

export interface ReportRef {
  orgId: string;
  reportId: string;
}

export interface ReportPlan {
  rowsTotal: number;
  partsTotal: number;
}

export interface ReportProgress {
  phase: ReportPhase;
  rowsWritten: number;
  rowsTotal: number | null;
  partsDone: number;
  partsTotal: number | null;
}

export interface ReportFile {
  name: string;
  sizeBytes: number;
  sha256: string;
  rowCount: number;
  contentType: string;
}

/** The workflow id of a report: made from the report's id, so that two starts are one run. */
export function reportWorkflowId(reportId: string): string {
  return `report/${reportId}`;
}

/** Whole percent, 0 to 100; 100 only when the file can be downloaded. */
export function progressPercent(progress: ReportProgress): number {
  switch (progress.phase) {
    case 'waiting':
    case 'planning':
      return 0;
    case 'writing': {
      const share = progress.rowsTotal ? progress.rowsWritten / progress.rowsTotal : 0;
      return Math.min(80, Math.floor(share * 80));
    }
    case 'assembling':
      return 80;
    case 'publishing':
      return 99;
    case 'done':
      return 100;
  }
}
