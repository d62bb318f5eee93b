/** States of a job (a report, an erasure, an import): a row first, then a workflow. */
export const JOB_STATUSES = ['pending', 'running', 'completed', 'failed', 'cancelled'] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

/** Why a job failed: a stable code, and a sentence for whoever asked for it. */
export interface JobFailure {
  code: string;
  message: string;
}

/** How a job ends that does not complete. */
export type JobOutcome = { status: 'cancelled' } | { status: 'failed'; failure: JobFailure };

/** What one round of the job sweep did. */
export interface SweepResult {
  started: number;
  closed: number;
  filesRemoved: number;
  /** Jobs that could not be swept; the worker's log has the reasons, and the next round tries them again. */
  failed: number;
}
