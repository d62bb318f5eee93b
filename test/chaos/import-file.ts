import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type ImportOutcome, runImport } from '../../cli/import/run-import.ts';
import { localSource } from '../../cli/import/source.ts';
import { withOrm } from '../../cli/stack/database.ts';
import { configSchema } from '../../shared/config.ts';
import { createLocalStorage } from '../../shared/storage/local.ts';
import { taskQueues } from '../../shared/temporal.ts';
import { ORG, type Scene } from './scene.ts';

/** Of the events in the file. */
export const IMPORTED_TYPE = 'imported';

/** No finished month: reports of that are the same before and after. */
const FROM = Date.UTC(2026, 8, 1);
/** Every so many lines one is no event, and one says again what the line so many chunks earlier said. */
const ODD_EVERY = 1_000;
const REPEATS_AFTER = 10_000;

/** A file of events, and what its import must come to. */
export interface ImportFile {
  path: string;
  name: string;
  counts: { accepted: number; duplicates: number; rejected: number };
  /** Of all durations that must be stored. */
  sumMs: number;
  rejectedLines: number[];
}

/** Writes a file in which some lines are no events and some are repetitions. */
export function writeImportFile(folder: string, lines: number): ImportFile {
  const counts = { accepted: 0, duplicates: 0, rejected: 0 };
  const rejectedLines: number[] = [];
  let sumMs = 0;
  const event = (n: number) => {
    const at = new Date(FROM + n * 1_000).toISOString();
    return {
      type: 'event',
      event_id: `i${n}`,
      event_type: IMPORTED_TYPE,
      event_name: 'e',
      occurred_at: at,
      duration_ms: n,
    };
  };
  const content = Array.from({ length: lines }, (_, n) => {
    if (n % ODD_EVERY === 0) {
      counts.rejected += 1;
      rejectedLines.push(n + 1);
      return '{"type":"event"';
    }
    if (n % ODD_EVERY === 1 && n > REPEATS_AFTER) {
      counts.duplicates += 1;
      // What the line repeats may be a repetition itself.
      return JSON.stringify(event(1 + ((n - 1) % REPEATS_AFTER)));
    }
    counts.accepted += 1;
    sumMs += n;
    return JSON.stringify(event(n));
  });
  const path = join(folder, 'events.ndjson');
  writeFileSync(path, content.join('\n'));
  return { path, name: basename(path), counts, sumMs, rejectedLines };
}

/** Does what `tidemark import` does. @returns when the import is at its end */
export async function importInto(scene: Scene, { path }: ImportFile): Promise<ImportOutcome> {
  const source = await localSource(path);
  const { TASK_QUEUE } = configSchema.pick({ TASK_QUEUE: true }).parse({});
  return withOrm({ DATABASE_URL: scene.stack.dev.database_url, DATABASE_POOL_SIZE: 2 }, (orm) =>
    runImport(
      {
        orm,
        client: scene.temporal,
        storage: createLocalStorage(scene.storage),
        queues: taskQueues({ TASK_QUEUE }),
        signal: new AbortController().signal,
        onProgress: () => undefined,
      },
      { orgId: ORG, source, format: undefined, mapping: { fields: {}, constants: {}, skipped: [] } },
    ),
  );
}
