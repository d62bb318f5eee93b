import type { Client } from '@temporalio/client';
import type { Orm } from '../../shared/db/orm.ts';
import type { Storage } from '../../shared/storage/storage.ts';
import type { TaskQueues } from '../../shared/temporal.ts';

export interface ImportDeps {
  orm: Orm;
  client: Client;
  storage: Storage;
  queues: TaskQueues;
  /** Cancels the import; stored records are kept. */
  signal: AbortSignal;
  onProgress(step: ImportStep, percent: number, detail: string): void;
}

export type ImportStep = 'Reading' | 'Copying' | 'Importing';
