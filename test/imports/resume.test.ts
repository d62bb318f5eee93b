import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { NativeConnection, Runtime } from '@temporalio/worker';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import { createActivities } from '../../activities/index.ts';
import { runImport } from '../../cli/import/run-import.ts';
import { localSource } from '../../cli/import/source.ts';
import { dbOf } from '../../shared/db/orm.ts';
import { createLog } from '../../shared/log.ts';
import type { Storage } from '../../shared/storage/storage.ts';
import { connectionOptions, taskQueues } from '../../shared/temporal.ts';
import { temporalLogger } from '../../worker/temporal-logger.ts';
import { createWorkers } from '../../worker/workers.ts';
import { startService, type TestService } from '../service/service.ts';

/** Three chunks. */
const LINES = 14_000;
const orgId = 'resumed';

let service: TestService;
let folder: string;

beforeAll(async () => {
  service = await startService({ workers: false });
  Runtime.install({ logger: temporalLogger(createLog(service.config, 'test')) });
  folder = await mkdtemp(join(tmpdir(), 'tidemark-import-'));
  await service.clientFor(orgId, 'admin');
});
afterAll(async () => {
  await service.close();
  await rm(folder, { recursive: true, force: true });
});

/** Starts workers on the given storage. @returns a function that shuts them down */
async function startWorker(storage: Storage): Promise<() => Promise<void>> {
  const { config, orm, temporal: client } = service;
  const connection = await NativeConnection.connect(connectionOptions(config));
  const activities = createActivities({ config, orm, client, storage, log: createLog(config, 'test') });
  const workers = await createWorkers(connection, config, activities, { codePath: inject('workflowBundle') });
  const runs = workers.map((worker) => worker.run());
  return async () => {
    for (const worker of workers) worker.shutdown();
    await Promise.all(runs);
    await connection.close();
  };
}

/** A storage that hangs after the first bytes of each file. */
function hangingAfter(bytes: number): Storage {
  const { storage } = service;
  return {
    ...storage,
    read(key, range) {
      const start = range?.start ?? 0;
      const given = new PassThrough();
      if (start < bytes) storage.read(key, { start, end: bytes - 1 }).pipe(given, { end: false });
      return given;
    },
  };
}

async function importState() {
  const { rows } = await sql<{ line: number; status: string; stored: number; events: number; distinct: number }>`
    SELECT i.position_line::int AS line, i.status, i.accepted::int AS stored,
      (SELECT count(*)::int FROM events e WHERE e.org_id = i.org_id) AS events,
      (SELECT count(DISTINCT event_name)::int FROM events e WHERE e.org_id = i.org_id) AS distinct
    FROM imports i WHERE org_id = ${orgId}`.execute(dbOf(service.orm.em.fork()));
  return rows[0];
}

it('resumes an import after a worker shutdown and after a cancellation, storing each line once', async () => {
  const record = (n: number) => ({
    type: 'event',
    event_type: 't',
    event_name: `n${n}`,
    occurred_at: new Date(Date.UTC(2026, 9, 1) + n * 1000).toISOString(),
    ...(n % 1000 === 0 ? { event_name: n } : {}),
  });
  const content = Array.from({ length: LINES }, (_, n) => JSON.stringify(record(n))).join('\n');
  const path = join(folder, 'events.ndjson');
  await writeFile(path, content);
  const { orm, storage, temporal: client, config } = service;
  const source = await localSource(path);
  const run = (signal = new AbortController().signal) =>
    runImport(
      { orm, client, storage, queues: taskQueues(config), signal, onProgress: () => undefined },
      { orgId, source, format: undefined, mapping: { fields: {}, constants: {}, skipped: [] } },
    );

  const cancellation = new AbortController();
  const first = run(cancellation.signal);
  const stopFirst = await startWorker(hangingAfter(Math.floor(content.length * 0.5)));
  await vi.waitFor(async () => expect((await importState())?.line).toBe(5_000), { timeout: 60_000, interval: 50 });
  await stopFirst();

  // Another worker resumes the import from its position and hangs too; now the import is cancelled.
  const stopSecond = await startWorker(hangingAfter(Math.floor(content.length * 0.9)));
  await vi.waitFor(async () => expect((await importState())?.line).toBe(10_000), { timeout: 60_000, interval: 50 });
  cancellation.abort();
  await expect(first).rejects.toThrow('The import was cancelled. 9990 records up to line 10000 are stored');
  await stopSecond();
  expect(await importState()).toMatchObject({ status: 'cancelled', events: 9_990 });

  const stopThird = await startWorker(storage);
  const outcome = await run();
  expect(outcome.row).toMatchObject({
    status: 'completed',
    counts: { accepted: LINES - 14, duplicates: 0, rejected: 14 },
  });
  expect(await importState()).toMatchObject({ line: LINES, events: LINES - 14, distinct: LINES - 14 });
  const rejects = await storage.read(outcome.row.rejects_key ?? '').toArray();
  expect(Buffer.concat(rejects).toString().trim().split('\n')).toHaveLength(14);
  await stopThird();
}, 180_000);
