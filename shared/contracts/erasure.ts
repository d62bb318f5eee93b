import type { JobStatus } from './jobs.ts';
import type { RowCursor } from './retention.ts';

/** What crosses between the API, the erase workflow and its activities. The user's id stays in the database. */

export interface ErasureRef {
  orgId: string;
  erasureId: string;
}

export type ErasureInput = ErasureRef;

/** What was removed, by kind. */
export interface ErasureReceipt {
  removed: Record<string, number>;
  /** What the erasure could not examine. */
  notes: string[];
}

export interface ErasureProgress {
  status: JobStatus;
  current: string | null;
  removed: Record<string, number>;
}

export interface EraseStep {
  rows: number;
  /** Null after the last row. */
  next: RowCursor | null;
}

/** Facts in the order in which they are erased: executions last, since their dependents are found through them. */
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

/** The workflow id of an erasure. The organisation is escaped, so that ids of two organisations cannot meet. */
export function eraseWorkflowId({ orgId, erasureId }: ErasureRef): string {
  return `erase/${encodeURIComponent(orgId)}/${erasureId}`;
}
