import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import excel from 'exceljs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { sampleRecords } from '../../sample/sample.ts';
import { type FakeAnswer, type FakeApi, type FakeRequest, startFakeApi } from '../../test/demo/fake-api.ts';
import { createApi } from './api.ts';
import { closingWords } from './closing-words.ts';
import { countCsvRows, countRows } from './count-rows.ts';
import { downloadReport } from './download.ts';
import { type FinishedReport, makeReport } from './make-report.ts';
import { sendSample } from './send-sample.ts';

const signal = new AbortController().signal;
let folder: string;
let fake: FakeApi | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-demo-test-'));
});

afterEach(() => {
  fake?.close();
  fake = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function api(answer: (request: FakeRequest, n: number) => FakeAnswer) {
  fake = await startFakeApi((request) => answer(request, fake?.requests.length ?? 0));
  return createApi(fake.url, signal);
}

describe('API client', () => {
  it('retries after the delay that an overloaded server requests', async () => {
    const busy = { status: 429, headers: { 'retry-after': '0' } };
    const client = await api((_, n) => (n < 3 ? busy : { status: 200, body: { ok: true } }));
    expect(await client.read('/x', { key: 'k' }, z.object({ ok: z.boolean() }))).toEqual({ ok: true });
    expect(fake?.requests.length).toBe(3);
  });

  it('fails if the server stays overloaded', async () => {
    const client = await api(() => ({ status: 503, headers: { 'retry-after': '0' } }));
    await expect(client.send('/x', { key: 'k' })).rejects.toThrow('The API did not accept /x: it is overloaded.');
  });

  it('reports a problem document in one line', async () => {
    const problem = { title: 'No.', status: 400, errors: [{ field: 'name', message: 'is missing' }] };
    const client = await api(() => ({ status: 400, body: problem }));
    await expect(client.read('/x', { key: 'k' }, z.object({}))).rejects.toThrow('/x: No. name is missing');
  });

  it('stops waiting on abort', async () => {
    const stop = new AbortController();
    fake = await startFakeApi(() => ({ status: 429, headers: { 'retry-after': '30' } }));
    const sending = createApi(fake.url, stop.signal).send('/x', { key: 'k' });
    setTimeout(() => stop.abort(), 50);
    await expect(sending).rejects.toThrow(/abort/i);
  });
});

describe('sending the sample', () => {
  const records = [...sampleRecords({ seed: 1, endsAt: new Date('2026-03-18T15:20:00Z'), records: 7_000 })];
  const taken = (count: number) => ({ accepted: count - 1, duplicates: 1, rejected: 0, errors: [] });
  const linesOf = ({ body }: FakeRequest) => body.trimEnd().split('\n');

  it('sends each record once, compressed, at most 5,000 per batch', async () => {
    const client = await api((request) => ({ status: 202, body: taken(linesOf(request).length) }));
    const steps: number[] = [];
    const sent = await sendSample(client, 'ingest', records, (count) => steps.push(count));
    const requests = fake?.requests ?? [];
    expect(requests.map(({ key }) => key)).toEqual(['ingest', 'ingest']);
    expect(requests.map((request) => linesOf(request).length)).toEqual([5_000, records.length - 5_000]);
    expect(requests.flatMap(linesOf).map((line): unknown => JSON.parse(line))).toEqual(
      records.map((record): unknown => JSON.parse(JSON.stringify(record))),
    );
    expect(steps).toEqual([5_000, records.length]);
    expect(sent).toEqual({ accepted: records.length - 2, duplicates: 2 });
  });

  it('reports the first rejected record', async () => {
    const refused = {
      accepted: 1,
      duplicates: 0,
      rejected: 1,
      errors: [{ index: 0, field: 'name', message: 'is bad' }],
    };
    const client = await api(() => ({ status: 202, body: refused }));
    await expect(sendSample(client, 'k', records.slice(0, 2), () => undefined)).rejects.toThrow(
      'The server rejected 1 records, the first of type agent: name is bad',
    );
  });
});

const file = { name: 'executions.csv', size_bytes: 4, sha256: 'x', row_count: 1 };

function report(status: string, more: object = {}) {
  const progress_detail = { phase: 'writing', rows_written: 1, rows_total: 2 };
  const range = { start: '2026-02-18T00:00:00Z', end: '2026-03-18T00:00:00Z' };
  return { id: 'r1', format: 'csv', status, progress: 40, progress_detail, range, file: null, error: null, ...more };
}

describe('makeReport', () => {
  const make = async (answer: (request: FakeRequest, n: number) => FakeAnswer, steps: string[] = []) =>
    makeReport({
      api: await api(answer),
      adminKey: 'admin',
      signal,
      onProgress: (percent, detail) => steps.push(`${percent} ${detail}`),
    });

  it('falls back to CSV without XLSX support, and waits for the file', async () => {
    const steps: string[] = [];
    const made = await make((request, n) => {
      if (request.method === 'POST') {
        return request.body.includes('xlsx') ? { status: 400 } : { status: 202, body: report('pending') };
      }
      return { status: 200, body: n < 5 ? report('running') : report('completed', { file }) };
    }, steps);
    expect(made).toMatchObject({ id: 'r1', format: 'csv', file });
    expect(steps[0]).toBe('40 writing, 1 of 2 rows');
    expect(steps.at(-1)).toBe('100 writing, 1 of 2 rows');
    expect(fake?.requests.every(({ key }) => key === 'admin')).toBe(true);
  });

  it('reports the error of a failed report', async () => {
    const failed = report('failed', { error: { code: 'x', message: 'the disk is full' } });
    await expect(make(() => ({ status: 202, body: failed }))).rejects.toThrow('The report is failed: the disk is full');
  });
});

describe('downloadReport', () => {
  const content = Buffer.from('a\n1\n');
  const finished = (sha256: string): FinishedReport => ({
    id: 'r1',
    format: 'csv',
    range: { start: '', end: '' },
    file: { ...file, name: '../../etc/executions.csv', sha256 },
  });

  it('keeps a file that matches the report, inside the folder', async () => {
    const client = await api(() => ({ status: 200, body: content }));
    const sha256 = createHash('sha256').update(content).digest('hex');
    const path = await downloadReport(client, 'admin', finished(sha256), folder);
    expect(path).toBe(join(folder, 'executions.csv'));
    expect(readFileSync(path)).toEqual(content);
    expect(readdirSync(folder)).toEqual(['executions.csv']);
  });

  it('deletes a file that does not match', async () => {
    const client = await api(() => ({ status: 200, body: content }));
    await expect(downloadReport(client, 'admin', finished('0'.repeat(64)), folder)).rejects.toThrow(
      'does not match the report',
    );
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('counting rows', () => {
  it.each([
    ['', 0],
    ['a,b\n', 0],
    ['a,b\n1,2\n', 1],
    ['a,b\n1,2\n3,4', 2],
    ['a,b\n"1\n2","say ""no""\n"\n3,4\n', 2],
  ])('of CSV %j', async (text, rows) => {
    const bytes = Buffer.from(text);
    const chunks = Array.from({ length: Math.ceil(bytes.length / 3) }, (_, n) => bytes.subarray(3 * n, 3 * n + 3));
    expect(await countCsvRows(Readable.from(chunks))).toBe(rows);
  });

  it('of a workbook, on its data sheets', async () => {
    const book = new excel.Workbook();
    book.addWorksheet('About').addRows([['Report'], ['x'], ['y']]);
    for (const name of ['Data', 'Data 2'])
      book.addWorksheet(name).addRows([
        ['execution_id', 'n'],
        ['e1', 1],
        ['e2', 2],
      ]);
    const path = join(folder, 'book.xlsx');
    await book.xlsx.writeFile(path);
    expect(await countRows(path, 'xlsx', 'execution_id')).toBe(4);
    expect(await countRows(path, 'xlsx', 'session_id')).toBeUndefined();
    expect(await countRows(path, 'pdf', 'execution_id')).toBeUndefined();
  });
});

describe('closingWords', () => {
  it('lists the file, its rows and next steps, without keys', () => {
    const dev = {
      api_url: 'http://127.0.0.1:3000',
      docs_url: 'http://127.0.0.1:3000/docs',
      temporal_ui_url: 'http://127.0.0.1:8233',
      temporal_address: '127.0.0.1:7233',
      database_url: 'postgres://localhost/tidemark',
      task_queues: ['tidemark'],
      admin_key: 'tm_admin',
      member_key: 'tm_member',
      member_user_id: 'user-0001',
      ingest_key: 'tm_ingest',
      other_admin_key: 'tm_other_admin',
      other_ingest_key: 'tm_other_ingest',
      pids: { api: 1, worker: 2, temporal: 3, postgres: 4 },
    };
    const made = { ...file, row_count: 5_611, size_bytes: 1_661_557 };
    const result = {
      sent: { accepted: 51_428, duplicates: 0 },
      report: { id: 'r1', format: 'csv', range: { start: '', end: '' }, file: made },
      path: '/x/executions.csv',
    };
    const text = closingWords({ result, dev, folder: '.tidemark', keepsRunning: false }).join('\n');
    for (const part of ['/x/executions.csv', '5,611 rows, 1.7 MB', 'npm start', 'http://127.0.0.1:8233', 'README.md']) {
      expect(text).toContain(part);
    }
    expect(text).toContain("require('./.tidemark/dev.json')");
    expect(text).not.toMatch(/tm_/);
  });
});
