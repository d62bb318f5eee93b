/** What one round of the report sweep did. */
export interface SweepResult {
  started: number;
  closed: number;
  filesRemoved: number;
}

/** What one round of housekeeping did. */
export interface HousekeepingResult {
  partitionsMade: number;
  idempotencyKeysForgotten: number;
  unfinishedFilesRemoved: number;
  hostBuckets15mRolledUp: number;
  hostRowsRemoved: number;
}
