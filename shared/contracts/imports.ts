/** What crosses between the command line, the import workflow and its activities. Ids and counts, never rows. */

export const IMPORT_FORMATS = ['ndjson', 'csv'] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];

/** How a file's columns or fields map to a record's. */
export interface ImportMapping {
  /** Field of the record → column (CSV) or field (NDJSON) of the file that fills it. */
  fields: Readonly<Record<string, string>>;
  /** Value of a field that the file leaves empty, as text; `type` is the type of the records. */
  constants: Readonly<Record<string, string>>;
  /** Columns to ignore. */
  skipped: readonly string[];
}

export interface ImportRef {
  orgId: string;
  importId: string;
}

export interface ImportInput extends ImportRef {
  /** Shown in the Temporal UI. */
  fileName: string;
}

export interface ImportCounts {
  /** Stored, or merged into a stored record. */
  accepted: number;
  /** Stored before, with nothing new. */
  duplicates: number;
  rejected: number;
}

/** The workflow id of an import: one for a file with one mapping, however often it is imported. */
export function importWorkflowId(importId: string): string {
  return `import/${importId}`;
}
