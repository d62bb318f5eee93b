/** What crosses between the API, the rollup workflows and their activities. */

/** Refreshes the buckets of one organisation; of all where `orgId` is null. */
export interface RollupInput {
  orgId: string | null;
}

export interface RollupResult {
  /** Quarter hours that were made anew. */
  buckets15m: number;
  /** Transactions that did it. */
  chunks: number;
  /** Chunks that failed; they stay marked, and the next round tries them again. */
  failed: number;
}

/** What one activity refreshed before it said how far it is. */
export interface RefreshStep extends RollupResult {
  isDone: boolean;
}

/** Recomputes an organisation's local days from the facts, both included. */
export interface BackfillInput {
  orgId: string;
  startDate: string;
  endDate: string;
  /** Also makes anew what is there. Without it only what is marked is refreshed, and only missing days are closed. */
  force: boolean;
  heavyTaskQueue: string;
  resume?: BackfillProgress;
}

export interface BackfillProgress {
  status: 'running' | 'paused' | 'completed' | 'cancelled' | 'failed';
  /** The day at hand; null before the first and after the last. */
  day: string | null;
  daysDone: number;
  daysTotal: number;
  /** Days whose system metrics were made. */
  daysGenerated: number;
  buckets15m: number;
}

export interface BackfilledDay {
  generated: boolean;
  buckets15m: number;
}

/** Days that have ended, by organisation. */
export interface DaysToClose {
  orgId: string;
  dates: string[];
}

export interface DailyRollupInput {
  heavyTaskQueue: string;
  resume?: { afterOrgId: string; result: DailyRollupResult };
}

export interface DailyRollupResult {
  organisations: number;
  daysClosed: number;
  failed: number;
}

/** Compares everything derived with the facts; of one organisation, or of all where `orgId` is null. */
export interface VerifyInput {
  orgId: string | null;
  heavyTaskQueue: string;
  resume?: { afterOrgId: string; result: VerifyResult };
}

/** A table, day and grain that differ from the facts. */
export interface RollupDifference {
  orgId: string;
  table: string;
  day: string;
  grain: 'quarter_hour' | 'hour' | 'day' | 'user';
  /** Rows that the facts give and that are not there. */
  missing: number;
  /** Rows that are there and that the facts do not give. */
  surplus: number;
}

export interface VerifyResult {
  organisations: number;
  /** Of which nothing is known; the log says why. */
  organisationsFailed: number;
  /** Days of one fact each. */
  daysChecked: number;
  /** Days that were being written to, or whose facts were purged. */
  daysSkipped: number;
  differenceCount: number;
  /** The first of them. */
  differences: RollupDifference[];
}

/** Answered by `backfill` and `verifyRollups`. */
export const PROGRESS_QUERY = 'progress';
export const PAUSE_SIGNAL = 'pause';
export const RESUME_SIGNAL = 'resume';

/** The id of a run. The organisation is escaped, so that no name of one reaches into another's. */
export function rollupRunId(kind: 'rollup' | 'backfill' | 'verify', orgId: string, which: string): string {
  return `${kind}/${encodeURIComponent(orgId)}/${which}`;
}
