/** What crosses between the API, the retention workflows and their activities. Kinds and counts, never rows. */

/** What a retention policy can name; `executions` takes their tool usages along. */
export const RETENTION_KINDS = [
  'events',
  'executions',
  'ai_usage',
  'sessions',
  'errors',
  'api_calls',
  'agent_workflows',
  'rollups',
  'reports',
  'system_samples',
] as const;
export type RetentionKind = (typeof RETENTION_KINDS)[number];

/** Days by kind; what is not named is kept. */
export type RetentionDays = Partial<Record<RetentionKind, number>>;

/** One table or group of tables to be purged: a fact, or a kind that is none. */
export interface PurgeTarget {
  name: string;
  kind: RetentionKind;
  /** A UTC midnight; what lies before it goes. */
  cutoff: string;
}

/** Rows go in the order of time and id; the one after which to go on. */
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

/** What was removed of one target or, in a dry run, would be. */
export interface PurgeCount {
  cutoff: string;
  rows: number;
  partitionsDropped: number;
  /** In a dry run alone: rows times their mean size; indexes are not in it. */
  bytesEstimated: number | null;
}

export type RetentionStatus = 'running' | 'completed' | 'cancelled' | 'failed' | 'held';

export interface RetentionProgress {
  status: RetentionStatus;
  dryRun: boolean;
  /** Set where nothing is purged, for the organisation is under legal hold. */
  legalHold: boolean;
  /** The target at hand. */
  current: string | null;
  targetsDone: number;
  targetsTotal: number | null;
  counts: Record<string, PurgeCount>;
}

export interface RetentionInput {
  orgId: string;
  dryRun: boolean;
  /** Cut-offs are so many days before this. */
  scheduledAt: string;
  /** In place of the organisation's policy, for this run alone. */
  days: RetentionDays | null;
  /** Not where the daily round has done that for all. */
  dropsPartitions: boolean;
  actor: string;
  actorRole: string;
  heavyTaskQueue: string;
  /** Where an earlier run of a long history left off. */
  resume?: { plan: RetentionPlan; progress: RetentionProgress };
}

export interface RetentionRoundInput {
  heavyTaskQueue: string;
  resume?: { scheduledAt: string; afterOrgId: string; result: RetentionRoundResult };
}

/** What one round over all organisations did. */
export interface RetentionRoundResult {
  organisations: number;
  failed: number;
  partitionsDropped: number;
}

/** What an activity gets through before it says how far it is. */
export interface PurgeStep {
  /** Since the run began. */
  rows: number;
  partitionsDropped: number;
  isDone: boolean;
  legalHold: boolean;
}

/** Answered by a running workflow, and by a closed one while its history is kept. */
export const RETENTION_PROGRESS_QUERY = 'progress';

/**
 * The id of a run. The organisation is escaped, so that no name of one reaches into another's.
 * @param which the day of a scheduled run; of one by hand, what tells it from others
 */
export function retentionWorkflowId(orgId: string, which: string): string {
  return `retention/${encodeURIComponent(orgId)}/${which}`;
}
