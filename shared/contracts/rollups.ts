/** What crosses between the API, the rollup workflows and their activities. */

/** Refreshes the buckets of one organisation; of all where `orgId` is null. */
export interface RollupInput {
  orgId: string | null;
}

export interface RollupResult {
  /** Quarter hours that were recomputed. */
  buckets15m: number;
  /** Transactions that did it. */
  chunks: number;
  /** Chunks that failed; they stay dirty, and the next round retries them. */
  failed: number;
}

/** What one refresh activity did before it returned. */
export interface RefreshStep extends RollupResult {
  isDone: boolean;
}

/** Recomputes an organisation's local days from the facts, both included. */
export interface BackfillInput {
  orgId: string;
  startDate: string;
  endDate: string;
  /** Recomputes existing buckets and days too. Otherwise only dirty buckets are refreshed and missing days closed. */
  force: boolean;
  resume?: BackfillProgress;
}

export interface BackfillProgress {
  status: 'running' | 'paused' | 'completed' | 'cancelled' | 'failed';
  /** The day in progress; null before the first and after the last. */
  day: string | null;
  daysDone: number;
  daysTotal: number;
  /** Days whose system metrics were computed. */
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
  resume?: { afterOrgId: string; result: DailyRollupResult };
}

export interface DailyRollupResult {
  organisations: number;
  daysClosed: number;
  failed: number;
}

/** Compares rollups with the facts: of one organisation, or of all where `orgId` is null. */
export interface VerifyInput {
  orgId: string | null;
  resume?: { afterOrgId: string; result: VerifyResult };
}

/** A table, day and grain that differ from the facts. */
export interface RollupDifference {
  orgId: string;
  table: string;
  day: string;
  grain: 'quarter_hour' | 'hour' | 'day' | 'user';
  /** Rows that the facts give and the rollup lacks. */
  missing: number;
  /** Rows of the rollup that the facts do not give. */
  surplus: number;
}

export interface VerifyResult {
  organisations: number;
  /** Organisations that could not be compared; the log says why. */
  organisationsFailed: number;
  /** Days of one fact each. */
  daysChecked: number;
  /** Days with writes in progress, or whose facts were purged. */
  daysSkipped: number;
  differenceCount: number;
  /** The first of them. */
  differences: RollupDifference[];
}

/** The workflow id of one organisation's run. The organisation is escaped, so that ids of two cannot meet. */
export function rollupRunId(kind: 'rollup' | 'backfill' | 'verify', orgId: string, name: string): string {
  return `${kind}/${encodeURIComponent(orgId)}/${name}`;
}

/** Names a backfill by its days, so that the same one is joined while it runs. */
export function backfillName({ startDate, endDate, force }: BackfillInput): string {
  return `${startDate}..${endDate}${force ? ',force' : ''}`;
}
