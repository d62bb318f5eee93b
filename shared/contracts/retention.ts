/** What crosses between the API, the retention workflows and their activities. Kinds and counts, never rows. */

/** Days by kind (`retention/rules.ts` lists the kinds); kinds that are absent are kept. */
export type RetentionDays = Record<string, number>;

/** One table or group of tables to be purged: a fact, or a kind that is not a fact. */
export interface PurgeTarget {
  name: string;
  kind: string;
  /** A UTC midnight; rows before it are removed. */
  cutoff: string;
}

/** Position in rows ordered by time and id: the last row that is done. */
export interface RowCursor {
  at: string;
  id: string;
}

/** One run for one organisation; its counts are kept under this. */
export interface PurgeRef {
  orgId: string;
  run: string;
}

export interface RetentionPlan {
  legalHold: boolean;
  targets: PurgeTarget[];
}

/** What was removed from one target or, in a dry run, would be. */
export interface PurgeCount {
  cutoff: string;
  rows: number;
  partitionsDropped: number;
  /** In a dry run only: rows times their mean size, without indexes. */
  bytesEstimated: number | null;
}

export type RetentionStatus = 'running' | 'completed' | 'cancelled' | 'failed' | 'held';

export interface RetentionProgress {
  status: RetentionStatus;
  dryRun: boolean;
  /** True where nothing is purged because the organisation is under legal hold. */
  legalHold: boolean;
  /** The target in progress. */
  current: string | null;
  targetsDone: number;
  targetsTotal: number | null;
  counts: Record<string, PurgeCount>;
}

export interface RetentionInput {
  orgId: string;
  dryRun: boolean;
  /** Cut-offs are counted in days before this. */
  scheduledAt: string;
  /** Replaces the organisation's policy for this run. */
  days: RetentionDays | null;
  /** False where the daily round has dropped the partitions of all organisations already. */
  dropsPartitions: boolean;
  actor: string;
  actorRole: string;
  /** Where an earlier run of a long history stopped. */
  resume?: { plan: RetentionPlan; progress: RetentionProgress };
}

export interface RetentionRoundInput {
  resume?: { scheduledAt: string; afterOrgId: string; result: RetentionRoundResult };
}

/** What one round over all organisations did. */
export interface RetentionRoundResult {
  organisations: number;
  failed: number;
  partitionsDropped: number;
}

/** What one purge activity did before it returned its position. */
export interface PurgeStep {
  /** Since the run began. */
  rows: number;
  partitionsDropped: number;
  isDone: boolean;
  legalHold: boolean;
}

/**
 * The workflow id of a cleanup: by day where the daily round started it; by hand, by what was asked for, so that the same
 * cleanup is joined while it runs. The organisation is escaped, so that ids of two organisations cannot meet.
 */
export function retentionWorkflowId({ orgId, dryRun, days, scheduledAt, dropsPartitions }: RetentionInput): string {
  // The round drops partitions for all organisations first, so only a run by hand does it itself.
  const name = dropsPartitions
    ? [dryRun ? 'dry-run' : 'by-hand', ...daysInOrder(days)].join(',')
    : scheduledAt.slice(0, 10);
  return `retention/${encodeURIComponent(orgId)}/${name}`;
}

function daysInOrder(days: RetentionDays | null): string[] {
  return Object.entries(days ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, count]) => `${kind}=${count}`);
}
