import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchRejects } from '../../cli/import/rejects.ts';
import { type ImportOutcome, type ImportRequest, runImport } from '../../cli/import/run-import.ts';
import { localSource, storedSource } from '../../cli/import/source.ts';
import { dbOf } from '../../shared/db/orm.ts';
import { taskQueues } from '../../shared/temporal.ts';
import { startService, type TestService } from '../service/service.ts';

let service: TestService;
let folder: string;

beforeAll(async () => {
  service = await startService({ workers: true });
  folder = await mkdtemp(join(tmpdir(), 'tidemark-import-'));
});
afterAll(async () => {
  await service.close();
  await rm(folder, { recursive: true, force: true });
});

async function newOrg(): Promise<string> {
  const orgId = `org-${randomUUID()}`;
  await service.clientFor(orgId, 'admin');
  return orgId;
}

async function fileOf(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, `${randomUUID()}-${name}`);
  await writeFile(path, content);
  return path;
}

function deps(signal = new AbortController().signal) {
  const { orm, storage, temporal, config } = service;
  return { orm, client: temporal, storage, queues: taskQueues(config), signal, onProgress: () => undefined };
}

async function importFile(
  orgId: string,
  path: string,
  mapping: Partial<ImportRequest['mapping']> = {},
): Promise<ImportOutcome> {
  const none = { fields: {}, constants: {}, skipped: [] };
  return runImport(deps(), {
    orgId,
    source: await localSource(path),
    format: undefined,
    mapping: { ...none, ...mapping },
  });
}

async function rows(table: string, orgId: string, order: string): Promise<Record<string, unknown>[]> {
  const result = await sql<Record<string, unknown>>`
    SELECT * FROM ${sql.table(table)} WHERE org_id = ${orgId} ORDER BY ${sql.ref(order)}`.execute(
    dbOf(service.orm.em.fork()),
  );
  return result.rows;
}

const ndjson = (records: readonly object[]) => `${records.map((record) => JSON.stringify(record)).join('\n')}\n`;
const at = (second: number) => new Date(Date.UTC(2026, 9, 1, 0, 0, second)).toISOString();
const event = (n: number) => ({ type: 'event', event_type: 't', event_name: `n${n}`, occurred_at: at(n) });
const usage = { type: 'ai_usage', feature: 'chat', success: 'true', latency_ms: '5', model: 'gpt-4o' };

describe('an import', () => {
  it('of NDJSON stores records as /batch does, and stores nothing for the same content again', async () => {
    const orgId = await newOrg();
    const records = [
      { type: 'execution', execution_id: 'x1', agent_id: 'a', agent_name: 'Ada', started_at: at(1) },
      { type: 'execution', execution_id: 'x1', status: 'completed', ended_at: at(3) },
      ...[2, 3, 4].map(event),
      { type: 'user', user_id: 'u1', name: 'Jane' },
    ];
    const path = await fileOf('runs.ndjson', `\uFEFF${ndjson(records)}`);
    const first = await importFile(orgId, path);
    expect(first).toMatchObject({
      isRepeat: false,
      row: { status: 'completed', counts: { accepted: 6, duplicates: 0, rejected: 0 }, rejects_key: null },
    });
    expect(await rows('executions', orgId, 'started_at')).toMatchObject([
      { execution_id: 'x1', status: 'success', duration_ms: '2000' },
    ]);
    const events = await rows('events', orgId, 'occurred_at');
    expect(events.map(({ event_name }) => event_name)).toEqual(['n2', 'n3', 'n4']);
    expect(await rows('agents', orgId, 'agent_id')).toMatchObject([{ agent_id: 'a', name: 'Ada' }]);
    expect(await rows('users', orgId, 'user_id')).toMatchObject([{ user_id: 'u1', name: 'Jane' }]);
    expect(await rows('bucket_ledger', orgId, 'bucket')).not.toHaveLength(0);
    expect(await service.storage.size(first.row.source_key)).toBeNull();

    // The same content under another name and gzipped is the same import.
    const again = await importFile(orgId, await fileOf('again.ndjson.gz', gzipSync(await readFile(path))));
    expect(again).toMatchObject({ isRepeat: true, importId: first.importId });
    // Another mapping makes another import of the same records: ids are derived from the content.
    const otherwise = await importFile(orgId, path, { constants: { user_id: 'u2' } });
    expect(otherwise.importId).not.toBe(first.importId);
    expect(await rows('events', orgId, 'occurred_at')).toHaveLength(3);
    expect(await rows('executions', orgId, 'started_at')).toHaveLength(1);
    const elsewhere = await importFile(await newOrg(), path);
    expect(elsewhere.row.counts.accepted).toBe(6);
  });

  it('of CSV maps columns and prices usage, also from a gzipped file in storage', async () => {
    const orgId = await newOrg();
    const lines = Array.from({ length: 250 }, (_, n) => `${at(n)},${n},"${n % 7}",x`);
    const content = `occurred_at,prompt,output_tokens,note\r\n${lines.join('\r\n')}`;
    await service.storage.write('incoming/trace.csv.gz', Readable.from([gzipSync(content)]));
    const outcome = await runImport(deps(), {
      orgId,
      source: await storedSource(service.storage, 'incoming/trace.csv.gz'),
      format: undefined,
      mapping: { fields: { input_tokens: 'prompt' }, constants: usage, skipped: ['note'] },
    });
    expect(outcome.row.counts).toEqual({ accepted: 250, duplicates: 0, rejected: 0 });
    const stored = await rows('ai_usage', orgId, 'occurred_at');
    const sums = [0, 0];
    for (const row of stored) {
      sums[0] = (sums[0] ?? 0) + Number(row.input_tokens);
      sums[1] = (sums[1] ?? 0) + Number(row.output_tokens);
    }
    const expected = [(249 * 250) / 2, lines.reduce((sum, _, n) => sum + (n % 7), 0)];
    expect([stored.length, ...sums]).toEqual([250, ...expected]);
    expect(stored[3]).toMatchObject({ feature: 'chat', success: true, latency_ms: '5', cost_source: 'priced' });
    // A source file that was already in storage stays there.
    expect(await service.storage.size('incoming/trace.csv.gz')).toBeGreaterThan(0);
  });

  it('reports each rejected line with its errors, and stores the others', async () => {
    const orgId = await newOrg();
    const content = [
      JSON.stringify(event(1)),
      '{"type":"event","event_type"',
      '',
      JSON.stringify({ ...event(2), event_name: 7 }),
      JSON.stringify({ ...event(3), event_name: 'nul \u0000' }),
      JSON.stringify({ ...event(4), occurred_at: '1999-01-01T00:00:00Z' }),
      JSON.stringify({ type: 'execution', execution_id: 'never-started', status: 'success' }),
      JSON.stringify(event(5)),
      '"text"',
    ].join('\n');
    const path = await fileOf('bad.ndjson', content);
    const { row } = await importFile(orgId, path);
    expect(row.counts).toEqual({ accepted: 2, duplicates: 0, rejected: 6 });
    const rejects = `${path}.rejected.ndjson`;
    await fetchRejects(service.storage, row.rejects_key ?? '', rejects);
    const rejected = (await readFile(rejects, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rejected.map(({ line, errors }) => [line, errors[0].field])).toEqual([
      [2, ''],
      [4, 'event_name'],
      [5, 'event_name'],
      [6, 'occurred_at'],
      [7, 'agent_id'],
      [9, ''],
    ]);
    expect(rejected[0]).toMatchObject({
      record: '{"type":"event","event_type"',
      errors: [{ message: expect.stringMatching(/^the line is not valid JSON: /) }],
    });
    expect(await rows('events', orgId, 'occurred_at')).toHaveLength(2);
    expect(await rows('import_rejects', orgId, 'line')).toHaveLength(0);
  });

  it('stores only what the privacy settings allow', async () => {
    const orgId = `org-${randomUUID()}`;
    const owner = await service.clientFor(orgId, 'admin');
    await owner.patch('/settings', { privacy: { store_query: false, anonymise_user_ids: true } });
    const sent = { type: 'execution', execution_id: 'p1', agent_id: 'a', user_id: 'jane', query: 'secret' };
    await importFile(orgId, await fileOf('private.ndjson', ndjson([{ ...sent, started_at: at(1) }])));
    expect((await owner.get('/executions/p1')).json).toMatchObject({
      query: null,
      user_id: expect.stringMatching(/^anon_/),
    });
  });

  it('accepts more records of one id than a batch may contain', async () => {
    const orgId = await newOrg();
    const records = Array.from({ length: 250 }, (_, n) => ({
      type: 'session',
      session_id: 's1',
      started_at: at(0),
      ended_at: at(n + 1),
    }));
    const { row } = await importFile(orgId, await fileOf('sessions.ndjson', ndjson(records)));
    expect(row.counts.rejected).toBe(0);
    expect(row.counts.accepted + row.counts.duplicates).toBe(250);
    expect(await rows('sessions', orgId, 'session_id')).toHaveLength(1);
  });

  it('of a broken or unrecognised file fails with the reason', async () => {
    const orgId = await newOrg();
    const broken = gzipSync(ndjson([event(1)])).subarray(0, 30);
    await expect(importFile(orgId, await fileOf('a.ndjson.gz', broken))).rejects.toThrow('is not valid gzip');
    await expect(importFile(orgId, await fileOf('a.dat', 'x'))).rejects.toThrow('--format');
    await expect(importFile(orgId, await fileOf('a.csv', ''), { constants: usage })).rejects.toThrow('no header');
  });
});
