import type { RowCursor } from './retention.ts';

/** What crosses between the API, the erase workflow and its activities. The user's id stays in the database. */

export const ERASURE_STATUSES = ['pending', 'running', 'completed', 'failed', 'cancelled'] as const;
export type ErasureStatus = (typeof ERASURE_STATUSES)[number];

export interface ErasureRef {
  orgId: string;
  erasureId: string;
}

export interface ErasureInput extends ErasureRef {
  heavyTaskQueue: string;
}

/** What was removed, by kind. */
export interface ErasureReceipt {
  removed: Record<string, number>;
  /** What could not be looked into. */
  notes: string[];
}

export interface ErasureProgress {
  status: ErasureStatus;
  current: string | null;
  removed: Record<string, number>;
}

export interface EraseStep {
  rows: number;
  /** Null when all are looked through. */
  next: RowCursor | null;
}

/** Facts in the order in which they are erased: executions last, for what hangs on them is found through them. */
export const ERASED_FACTS = [
  'sessions',
  'agent_workflows',
  'events',
  'api_calls',
  'errors',
  'ai_usage',
  'executions',
] as const;
export type ErasedFact = (typeof ERASED_FACTS)[number];

export const ERASURE_PROGRESS_QUERY = 'progress';

/** One erasure has one workflow. */
export function eraseWorkflowId({ orgId, erasureId }: ErasureRef): string {
  return `erase/${encodeURIComponent(orgId)}/${erasureId}`;
}
