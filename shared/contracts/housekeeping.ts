/** What one round of housekeeping did. */
export interface HousekeepingResult {
  partitionsMade: number;
  idempotencyKeysForgotten: number;
  unfinishedFilesRemoved: number;
  hostBuckets15mRolledUp: number;
  hostRowsRemoved: number;
}
