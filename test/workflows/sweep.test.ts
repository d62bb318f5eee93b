import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NativeConnection, Runtime } from '@temporalio/worker';
import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import { createActivities } from '../../activities/index.ts';
import { runImport } from '../../cli/import/run-import.ts';
import { localSource } from '../../cli/import/source.ts';
import { reportWorkflowId } from '../../shared/contracts/reports.ts';
import type { RunName } from '../../shared/contracts/runs.ts';
import { dbOf } from '../../shared/db/orm.ts';
import { openErasure } from '../../shared/erasures/erasures.ts';
import { keepImport } from '../../shared/imports/import-rows.ts';
import { importSourceKey } from '../../shared/imports/keys.ts';
import { createLog } from '../../shared/log.ts';
import {
  connectionOptions,
  createTemporalClient,
  createTemporalConnection,
  taskQueues,
} from '../../shared/temporal.ts';
import { temporalLogger } from '../../worker/temporal-logger.ts';
import { createWorkers } from '../../worker/workers.ts';
import { pathOf } from '../retention/scene.ts';
import type { ApiClient } from '../service/api-client.ts';
import { startService, type TestService } from '../service/service.ts';

const orgId = 'swept';
const report = { name: 'r', report_type: 'events', format: 'csv' };
let service: TestService;
let admin: ApiClient;
let folder: string;

beforeAll(async () => {
  // No worker polls during the setup, so that each job stays in the state its API or command left it in.
  service = await startService({ workers: false });
  admin = await service.clientFor(orgId, 'admin');
  folder = await mkdtemp(join(tmpdir(), 'tidemark-sweep-'));
  Runtime.install({ logger: temporalLogger(createLog(service.config, 'test')) });
});
afterAll(async () => {
  await service.close();
  await rm(folder, { recursive: true, force: true });
});

const db = () => dbOf(service.orm.em.fork());

/** Runs one sweep with all jobs old enough, waits for the workflows it started, and stops the workers. */
async function swept(check: (result: unknown) => Promise<void>): Promise<void> {
  const { config, orm, storage, temporal: client } = service;
  for (const table of ['reports', 'erasures', 'imports']) {
    await sql`UPDATE ${sql.table(table)} SET created_at = created_at - interval '20 s'`.execute(db());
  }
  const connection = await NativeConnection.connect(connectionOptions(config));
  const activities = createActivities({ config, orm, client, storage, log: createLog(config, 'test') });
  const workers = await createWorkers(connection, config, activities, { codePath: inject('workflowBundle') });
  const running = workers.map((worker) => worker.run());
  try {
    const result = await client.workflow.execute('sweepJobs' satisfies RunName, {
      taskQueue: taskQueues(config).general,
      workflowId: `${config.TASK_QUEUE}/${uuidv7()}`,
      args: [{}],
    });
    await check(result);
  } finally {
    for (const worker of workers) worker.shutdown();
    await Promise.all(running);
    await connection.close();
  }
}

async function newImport(name: string, temporal = service.temporal) {
  const path = join(folder, `${name}.ndjson`);
  await writeFile(path, `${JSON.stringify({ type: 'event', event_type: 'x', event_name: name })}\n`);
  const { orm, storage, config } = service;
  const signal = new AbortController().signal;
  return runImport(
    { orm, client: temporal, storage, queues: taskQueues(config), signal, onProgress: () => undefined },
    { orgId, source: await localSource(path), format: undefined, mapping: { fields: {}, constants: {}, skipped: [] } },
  );
}

async function importCalled(name: string) {
  const rows = await db()
    .selectFrom('imports')
    .select(['id', 'status', 'accepted', 'error_code', 'source_key'])
    .where('file_name', '=', `${name}.ndjson`)
    .execute();
  return rows[0];
}

async function newErasure(user: string): Promise<string> {
  const erasureId = uuidv7();
  const request = { orgId, erasureId, userRef: user, userIds: [user], requestedBy: 'test' };
  await db()
    .transaction()
    .execute((trx) => openErasure(trx, request));
  return erasureId;
}

const erasureStatus = async (id: string) => (await admin.get(`/erasures/${id}`)).json.status;
const soon = { timeout: 20_000, interval: 50 };

/** Runs the import command until it would start the workflow: the server accepts connections and never responds. */
async function importThatDiesAtItsStart(name: string): Promise<void> {
  const silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address();
  if (address === null || typeof address === 'string') throw new Error('The silent server has no port');
  const away = { ...service.config, TEMPORAL_ADDRESS: `127.0.0.1:${address.port}` };
  const connection = createTemporalConnection(away);
  await expect(newImport(name, createTemporalClient(connection, away))).rejects.toThrow();
  await connection.close();
  silent.close();
}

it('starts an import whose command died between inserting its row and starting its workflow', async () => {
  await importThatDiesAtItsStart('left');
  expect(await importCalled('left')).toMatchObject({ status: 'pending' });
  await swept(async (result) => {
    expect(result).toMatchObject({ started: 1, failed: 0 });
    await vi.waitFor(async () => expect((await importCalled('left'))?.status).toBe('completed'), soon);
  });
  expect(await importCalled('left')).toMatchObject({ accepted: '1' });
}, 60_000);

it('waits while a command uploads its file, and closes an import whose file never arrives', async () => {
  const importId = uuidv7();
  const file = { file_name: 'copied.ndjson', source_key: importSourceKey({ orgId, importId }), source_is_copy: true };
  const content = { is_gzip: false, content_sha256: 'x', contentBytes: 1, position: { bytes: 0, line: 0 } };
  const mapping = { fields: {}, constants: {}, skipped: [] };
  await keepImport(db(), { orgId, importId, ...file, ...content, format: 'ndjson', mapping, header: null });
  await swept(async (result) => expect(result).toMatchObject({ started: 0, closed: 0, failed: 0 }));
  expect((await importCalled('copied'))?.status).toBe('pending');
  await sql`UPDATE imports SET created_at = now() - interval '2 days' WHERE id = ${importId}`.execute(db());
  await swept(async (result) => expect(result).toMatchObject({ started: 0, closed: 1, failed: 0 }));
  expect(await importCalled('copied')).toMatchObject({ status: 'failed', error_code: 'NEVER_STARTED' });
}, 60_000);

it('starts an erasure whose API died before starting its workflow, and resumes a terminated one', async () => {
  const left = await newErasure('jane');
  const asked = await admin.post('/users/john/erase');
  await service.temporal.workflow.getHandle(asked.json.workflow_id).terminate();
  await swept(async (result) => {
    expect(result).toMatchObject({ started: 2, failed: 0 });
    for (const id of [left, asked.json.id]) {
      await vi.waitFor(async () => expect(await erasureStatus(id)).toBe('completed'), soon);
    }
  });
}, 60_000);

it('closes reports and imports with terminated workflows, and removes their files', async () => {
  const { id } = (await admin.post('/reports', report)).json;
  await service.temporal.workflow.getHandle(reportWorkflowId(id)).terminate();
  const following = expect(newImport('ended')).rejects.toThrow('The import failed');
  const row = await vi.waitFor(async () => {
    const found = await importCalled('ended');
    if (!found) throw new Error('The import has no row yet');
    await service.temporal.workflow.getHandle(`import/${found.id}`).terminate();
    return found;
  }, soon);
  await following;
  expect(await service.storage.size(row.source_key)).not.toBeNull();
  await swept(async (result) => expect(result).toMatchObject({ started: 0, closed: 2, filesRemoved: 1, failed: 0 }));
  expect((await admin.get(`/reports/${id}`)).json).toMatchObject({
    status: 'failed',
    error: { code: 'WORKFLOW_TERMINATED', message: expect.stringContaining('terminated in Temporal') },
  });
  expect(await importCalled('ended')).toMatchObject({ status: 'failed', error_code: 'WORKFLOW_TERMINATED' });
  expect(await service.storage.size(row.source_key)).toBeNull();
}, 60_000);

it('starts a failed import again whose second command died before its start', async () => {
  expect(await importCalled('ended')).toMatchObject({ status: 'failed' });
  await importThatDiesAtItsStart('ended');
  expect(await importCalled('ended')).toMatchObject({ status: 'pending', error_code: null });
  await swept(async (result) => {
    expect(result).toMatchObject({ started: 1, closed: 0, failed: 0 });
    await vi.waitFor(async () => expect((await importCalled('ended'))?.status).toBe('completed'), soon);
  });
  expect(await importCalled('ended')).toMatchObject({ accepted: '1' });
}, 60_000);

it('closes a running report whose workflow Temporal lost when it is cancelled, and an open one when it is deleted', async () => {
  const lost = async () => {
    const id = uuidv7();
    await sql`INSERT INTO reports (org_id, id, name, report_type, format, parameters, range_start, range_end, time_zone, status,
        phase, requested_by, created_at)
      VALUES (${orgId}, ${id}, 'lost', 'events', 'csv', '{}', now(), now(), 'UTC', 'running', 'writing', 'test', now())`.execute(
      db(),
    );
    return id;
  };
  const [cancelled, deleted] = [await lost(), await lost()];
  expect((await admin.post(`/reports/${cancelled}/cancel`)).json.status).toBe('cancelled');
  expect((await admin.send('DELETE', `/reports/${deleted}`)).status).toBe(204);
  const rows = await db().selectFrom('reports').select('status').where('name', '=', 'lost').execute();
  expect(rows).toEqual([{ status: 'cancelled' }, { status: 'cancelled' }]);
}, 60_000);

it('sweeps the other jobs if one fails', async () => {
  const ids: string[] = [];
  for (let n = 0; n < 3; n += 1) ids.push((await admin.post('/reports', report)).json.id);
  for (const id of ids) await service.temporal.workflow.getHandle(reportWorkflowId(id)).terminate();
  const erasure = await newErasure('jack');
  const [broken, ...others] = ids;
  await sql`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$`.execute(
    db(),
  );
  await sql`CREATE TRIGGER refuse BEFORE UPDATE OF status ON reports FOR EACH ROW
    WHEN (OLD.id = ${sql.lit(broken)}) EXECUTE FUNCTION refuse()`.execute(db());
  const statusOf = async (id = '') => (await admin.get(`/reports/${id}`)).json.status;
  await swept(async (result) => {
    expect(result).toMatchObject({ started: 1, closed: 2, failed: 1 });
    await vi.waitFor(async () => expect(await erasureStatus(erasure)).toBe('completed'), soon);
  });
  expect(await Promise.all([broken, ...others].map(statusOf))).toEqual(['pending', 'failed', 'failed']);
  await sql`DROP TRIGGER refuse ON reports`.execute(db());
  await swept(async (result) => expect(result).toMatchObject({ closed: 1, failed: 0 }));
  expect(await statusOf(broken)).toBe('failed');
  expect((await admin.get(pathOf(reportWorkflowId(broken ?? '')))).json.status).toBe('terminated');
}, 60_000);
