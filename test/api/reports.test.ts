import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportWorkflowId } from '../../shared/contracts/reports.ts';
import { Report } from '../../shared/db/entities/report.ts';
import { kindAttribute, organisationAttribute, statusAttribute } from '../../shared/temporal.ts';
import type { ApiClient } from '../service/api-client.ts';
import { startService, type TestService } from '../service/service.ts';
import { parseCsv } from './csv.ts';

const ROWS = 1_000;
let service: TestService;
let admin: ApiClient;

beforeAll(async () => {
  service = await startService({ workers: true, env: { REPORT_PART_ROWS: '100' } });
  admin = await service.clientFor('acme', 'operator');
  const from = Date.now() - 86_400_000;
  const records = Array.from({ length: ROWS }, (_, n) => ({
    type: 'execution',
    execution_id: `e${n}`,
    agent_id: `agent-${n % 7}`,
    agent_name: 'Ada',
    agent_tags: n % 7 === 0 ? ['production', 'eu'] : ['test'],
    user_id: n % 2 === 0 ? 'jane' : 'john',
    // Several start in the same millisecond: their sort keys differ in the id alone.
    started_at: new Date(from + Math.floor(n / 3) * 1000).toISOString(),
    status: n % 10 === 0 ? 'failure' : 'success',
    input_tokens: n,
    task_name: `=1+${n}`,
    query: `line one\nline "two", ${n}`,
  }));
  expect((await admin.post('/batch', records)).json).toMatchObject({ accepted: ROWS });
});
afterAll(() => service.close());

const executions = (more: object = {}) => ({ name: 'All runs!', report_type: 'executions', format: 'csv', ...more });

async function download(id: string): Promise<Record<string, string>[]> {
  return parseCsv((await admin.get(`/reports/${id}/download`)).bytes.toString('utf8'));
}

describe('a CSV report', () => {
  it('holds each row once across its parts, with totals that match the sent records', async () => {
    const { json } = await admin.report(executions({ parameters: { days: 7 } }));
    expect(json).toMatchObject({
      status: 'completed',
      progress: 100,
      progress_detail: { phase: 'done', rows_written: ROWS, rows_total: ROWS, parts_done: 10, parts_total: 10 },
      file: { row_count: ROWS, content_type: 'text/csv; charset=utf-8' },
      error: null,
    });
    const file = await admin.get(`/reports/${json.id}/download`);
    expect(createHash('sha256').update(file.bytes).digest('hex')).toBe(json.file.sha256);
    expect(file.bytes.length).toBe(json.file.size_bytes);
    expect(file.headers.get('content-disposition')).toMatch(/^attachment; filename="all-runs_.*\.csv"$/);
    const rows = parseCsv(file.bytes.toString('utf8'));
    expect(new Set(rows.map((row) => row.execution_id)).size).toBe(ROWS);
    expect(rows.reduce((sum, row) => sum + Number(row.input_tokens), 0)).toBe((ROWS * (ROWS - 1)) / 2);
    expect(rows[0]).toMatchObject({
      task_name: "'=1+0",
      query: 'line one\nline "two", 0',
      agent_name: 'Ada',
      agent_tags: 'production, eu',
      started_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });
    expect(await readdir(service.storageFolder, { recursive: true })).not.toContainEqual(
      expect.stringMatching(/part|unfinished/),
    );
  });

  it('is byte-identical when generated again', async () => {
    const parameters = {
      start_date: new Date(Date.now() - 2 * 86_400_000).toISOString(),
      end_date: new Date().toISOString(),
    };
    const [one, two] = await Promise.all([1, 2].map(() => admin.report(executions({ parameters }))));
    expect(one?.json.file.sha256).toBe(two?.json.file.sha256);
    expect(one?.json.id).not.toBe(two?.json.id);
  });

  it.each([
    [{ user_id: 'jane' }, 500],
    [{ agent_ids: ['agent-1', 'agent-2'] }, 286],
    [{ agent_tags: ['eu'] }, 143],
    [{ filters: { status: 'failure' } }, 100],
    [{ filters: { status: ['failure', 'success'], input_tokens: [1, 2, 3] }, user_id: 'john' }, 2],
    [{ filters: { task_name: "'; DROP TABLE executions; --" } }, 0],
  ])('holds what its filters %j let through', async (filters, count) => {
    const { json } = await admin.report(executions({ parameters: filters }));
    expect(json.file.row_count).toBe(count);
    expect(await download(json.id)).toHaveLength(count);
  });

  it.each(['executions', 'events', 'ai_usage', 'tool_usages', 'sessions', 'errors'])(
    'of %s has its header even without rows',
    async (report_type) => {
      const empty = await service.clientFor('empty', 'admin');
      const { json } = await empty.report({ name: 'none', report_type, format: 'csv' });
      expect(json).toMatchObject({ status: 'completed', file: { row_count: 0 }, progress_detail: { parts_total: 0 } });
      const { bytes } = await empty.get(`/reports/${json.id}/download`);
      expect(bytes.toString('utf8').split('\n')).toHaveLength(2);
    },
  );

  it('exports a tool usage with the agent and user of its execution', async () => {
    await admin.post('/tool-usages', { usage_id: 't1', tool_name: 'search', execution_id: 'e8', status: 'success' });
    const { json } = await admin.report({
      name: 't',
      report_type: 'tool_usages',
      format: 'csv',
      parameters: { agent_ids: ['agent-1'] },
    });
    expect(await download(json.id)).toMatchObject([{ usage_id: 't1', agent_id: 'agent-1', user_id: 'jane' }]);
  });

  it('has its summary, details and search attributes in Temporal', async () => {
    const { json } = await admin.report(executions());
    const handle = service.temporal.workflow.getHandle(reportWorkflowId(json.id));
    // The row completes shortly before the workflow does.
    await handle.result();
    const described = await handle.describe();
    expect(await described.staticSummary()).toBe('executions as csv: All runs!');
    expect(described.typedSearchAttributes.get(statusAttribute)).toBe('completed');
    expect(described.typedSearchAttributes.get(kindAttribute)).toBe('executions');
    expect(described.typedSearchAttributes.get(organisationAttribute)).toBe('acme');
    expect(json.links.temporal_ui).toContain(encodeURIComponent(reportWorkflowId(json.id)));
    const { events } = await handle.fetchHistory();
    expect(JSON.stringify(events)).not.toContain('line one');
  });
});

describe('a report request', () => {
  it('is idempotent under one Idempotency-Key; another body under it is rejected with 422', async () => {
    const headers = { 'idempotency-key': 'report-1' };
    const answers = await Promise.all([1, 2, 3].map(() => admin.post('/reports', executions(), headers)));
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
    expect(new Set(answers.map(({ json }) => json.id)).size).toBe(1);
    expect((await admin.post('/reports', executions({ name: 'other' }), headers)).status).toBe(422);
  });

  it.each([
    [{ report_type: 'no_such_type' }, 'report_type'],
    [{ format: 'docx' }, 'format'],
    [{ parameters: { period: '7d', days: 7 } }, 'period'],
    [{ parameters: { filters: { colour: 'red' } } }, 'parameters.filters.colour'],
    [{ parameters: { filters: { status: 3 } } }, 'parameters.filters.status'],
    [{ report_type: 'events', parameters: { agent_ids: ['a'] } }, 'parameters.agent_ids'],
    [{ color: 'red' }, 'color'],
  ])('with %j is rejected with 400 and the field', async (change, field) => {
    const { status, json } = await admin.post('/reports', executions(change));
    expect(status).toBe(400);
    expect(json.errors.map((error: { field: string }) => error.field)).toContain(field);
    expect(json.errors[0].message).not.toBe('');
  });
});

describe('a download', () => {
  let id = '';
  let whole: Buffer;
  let etag = '';
  beforeAll(async () => {
    id = (await admin.report(executions())).json.id;
    const answer = await admin.get(`/reports/${id}/download`);
    whole = answer.bytes;
    etag = answer.headers.get('etag') ?? '';
  });

  it('resumes with a range request', async () => {
    const rest = await admin.get(`/reports/${id}/download`, { range: 'bytes=100-', 'if-range': etag });
    expect(rest.status).toBe(206);
    expect(rest.headers.get('content-range')).toBe(`bytes 100-${whole.length - 1}/${whole.length}`);
    expect(Buffer.concat([whole.subarray(0, 100), rest.bytes]).equals(whole)).toBe(true);
    const last = await admin.get(`/reports/${id}/download`, { range: 'bytes=-5' });
    expect(last.bytes.equals(whole.subarray(-5))).toBe(true);
  });

  it('is sent whole for another ETag, several ranges or an unknown range unit', async () => {
    for (const headers of [
      { range: 'bytes=1-2', 'if-range': '"old"' },
      { range: 'bytes=0-1,5-6' },
      { range: 'lines=1-2' },
    ]) {
      const answer = await admin.get(`/reports/${id}/download`, headers);
      expect([answer.status, answer.bytes.length]).toEqual([200, whole.length]);
    }
    expect((await admin.get(`/reports/${id}/download`, { range: `bytes=${whole.length}-` })).status).toBe(416);
    expect((await admin.get(`/reports/${id}/download`, { 'if-none-match': etag })).status).toBe(304);
  });

  it('is rejected before the file exists, and after it expired or was deleted', async () => {
    const waiting = await admin.post('/reports', executions());
    expect((await admin.get(`/reports/${waiting.json.id}/download`)).status).toBeOneOf([409, 200]);
    const expired = (await admin.report(executions())).json.id;
    const where = { orgId: 'acme', id: expired };
    await service.orm.em.fork().nativeUpdate(Report, where, { expiresAt: new Date(Date.now() - 1000) });
    expect((await admin.get(`/reports/${expired}/download`)).status).toBe(410);
    const deleted = (await admin.report(executions())).json.id;
    expect((await admin.delete(`/reports/${deleted}`)).status).toBe(204);
    expect((await admin.get(`/reports/${deleted}/download`)).status).toBe(404);
    expect((await admin.get(`/reports/${deleted}`)).status).toBe(404);
    expect(await readdir(service.storageFolder, { recursive: true })).not.toContainEqual(
      expect.stringContaining(deleted),
    );
  });
});

describe('a cancelled report', () => {
  it.each([0, 20, 60, 120, 250])('after %d ms stops within 5 s and leaves no files', async (delayMs) => {
    const { json } = await admin.post('/reports', executions());
    await sleep(delayMs);
    expect((await admin.post(`/reports/${json.id}/cancel`)).status).toBe(202);
    const asked = Date.now();
    let status = '';
    while (!['cancelled', 'completed'].includes(status)) {
      expect(Date.now() - asked).toBeLessThan(5_000);
      status = (await admin.get(`/reports/${json.id}`)).json.status;
      await sleep(20);
    }
    const files = await readdir(service.storageFolder, { recursive: true });
    const own = files.filter((name) => name.includes(json.id));
    if (status === 'cancelled') expect(own).toEqual([]);
    else expect(own.some((name) => name.includes('parts'))).toBe(false);
    expect((await admin.post(`/reports/${json.id}/cancel`)).status).toBe(202);
  });
});
