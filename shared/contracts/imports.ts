/** What crosses between the command line, the import workflow and its activities. Ids and counts, never rows. */

export const IMPORT_STATUSES = ['pending', 'running', 'completed', 'failed', 'cancelled'] as const;
export type ImportStatus = (typeof IMPORT_STATUSES)[number];

export const IMPORT_FORMATS = ['ndjson', 'csv'] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];

/** How a file's columns or fields become a record's. */
export interface ImportMapping {
  /** Field of the record → column (CSV) or field (NDJSON) of the file that fills it. */
  fields: Readonly<Record<string, string>>;
  /** What a field gets where the file gives it no value, as text; `type` says what the records are. */
  constants: Readonly<Record<string, string>>;
  /** Columns that are left out. */
  skipped: readonly string[];
}

export interface ImportRef {
  orgId: string;
  importId: string;
}

export interface ImportInput extends ImportRef {
  /** Shown in the Temporal UI. */
  fileName: string;
  /** Where what reads and writes much is done. */
  heavyTaskQueue: string;
}

export interface ImportCounts {
  /** Stored, or merged into what is known. */
  accepted: number;
  /** Known already, with nothing new. */
  duplicates: number;
  rejected: number;
}

export interface ImportFailure {
  code: string;
  message: string;
}

/** One file with one mapping has one workflow, however often it is imported. */
export function importWorkflowId(importId: string): string {
  return `import/${importId}`;
}
