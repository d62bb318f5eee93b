import type { JobOutcome, JobStatus } from '../contracts/jobs.ts';
import type { RunInput, StartedBy } from '../contracts/runs.ts';
import type { Entities } from '../db/orm.ts';
import type { Storage } from '../storage/storage.ts';
import type { StartExtras } from './start-run.ts';

export interface JobRef {
  orgId: string;
  id: string;
}

/** What every job's row has. */
export interface JobRow extends JobRef {
  status: JobStatus;
  /** Null until its run is stored, and again for a job that is resumed. */
  runId?: string | null | undefined;
}

/** Where a kind's jobs are stored, and what closing one takes. */
export interface JobStores {
  em: Entities;
  storage: Storage;
}

/**
 * What is particular to one kind of job. Its table has the columns `org_id`, `id`, `status` and `created_at`; whoever
 * asks for a job commits its row as `pending`, then starts it.
 */
export interface JobKind<Name extends StartedBy<'job'>, Row extends JobRow> {
  /** As in messages and the log: a report. */
  noun: string;
  table: string;
  run: Name;
  /** The input of its run, from its row. */
  input(row: Row): RunInput<Name>;
  /** What a start adds to the run in the Temporal UI. */
  extras?(row: Row): StartExtras;
  /** @returns null where there is no such job, or it was deleted */
  read(em: Entities, ref: JobRef): Promise<Row | null>;
  /** Stores the run of a job. */
  noteRun?(em: Entities, row: Row, runId: string): Promise<void>;
  /**
   * Whether a job that has no workflow may be started.
   * - `not-yet`: whoever asked for it is still preparing it; a later round looks again
   * - `never`: nobody prepares it any more; the sweep closes it
   */
  readiness?(stores: JobStores, row: Row): Promise<'ready' | 'not-yet' | 'never'>;
  /**
   * Closes an open job whose workflow ended without closing it: terminated or timed out in Temporal. A job that was
   * closed, or resumed with another run, meanwhile stays as it is. Without this function such a job is started again.
   * @returns whether it was open
   */
  close?(stores: JobStores, row: Row, outcome: JobOutcome): Promise<boolean>;
  /** Files of closed jobs that nobody may read any more. Without this function a kind removes its files as it closes. */
  obsoleteFiles?: {
    /** A page, ordered by organisation and id. @param after the last of the page before; null for the first page */
    list(em: Entities, after: JobRef | null, limit: number): Promise<JobRef[]>;
    folder(ref: JobRef): string;
    noteRemoved(em: Entities, ref: JobRef): Promise<void>;
  };
  /** What to do about a job that failed with its workflow. A sentence. */
  remedy: string;
}
