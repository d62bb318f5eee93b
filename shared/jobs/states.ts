import type { JobStatus } from '../contracts/jobs.ts';

/**
 * The state machine of jobs: `pending → running → completed | failed | cancelled`. Each status by those that it may
 * follow; every UPDATE of a job's status has them in its WHERE, so that a late or repeated writer changes nothing.
 */
const predecessors = {
  // Again where a killed worker's successor repeats the first step.
  running: ['pending', 'running'],
  completed: ['running'],
  failed: ['pending', 'running'],
  cancelled: ['pending', 'running'],
} as const satisfies Record<Exclude<JobStatus, 'pending'>, readonly JobStatus[]>;

/** Statuses of a job that is not closed. */
export const OPEN_STATUSES = ['pending', 'running'] as const satisfies readonly JobStatus[];

/** The statuses from which a job may move to this one. */
export function statusesBefore(to: keyof typeof predecessors): JobStatus[] {
  return [...predecessors[to]];
}

export function isOpen(status: JobStatus): boolean {
  return status === 'pending' || status === 'running';
}
