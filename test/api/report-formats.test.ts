import exceljs from 'exceljs';
import readXlsxFile from 'read-excel-file/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../service/api-client.ts';
import { startService, type TestService } from '../service/service.ts';
import { parseCsv } from './csv.ts';

const ROWS = 250;
let service: TestService;
let admin: ApiClient;
const at = (n: number) => new Date(Date.UTC(2026, 9, 10, 0, 0, 0) + n * 61_003).toISOString();
const october = { start_date: '2026-10-01', end_date: '2026-10-31' };

beforeAll(async () => {
  service = await startService({ workers: true, env: { REPORT_PART_ROWS: '100' } });
  admin = await service.clientFor('acme', 'admin');
  const events = Array.from({ length: ROWS }, (_, n) => ({
    type: 'event',
    event_id: `v${String(n).padStart(4, '0')}`,
    event_type: 'x',
    event_name: n === 0 ? '=cmd()' : 'line\nbreak "quoted", \u2028 <&>\u0001 _x0041_',
    occurred_at: at(n),
    duration_ms: n / 4,
    properties: { n, nested: [null, true, 'é'] },
    ...(n === 1 ? { user_agent: 'x'.repeat(40_000) } : {}),
  }));
  expect((await admin.post('/batch', events)).json.accepted).toBe(ROWS);
});
afterAll(() => service.close());

async function file(format: string, more: object = {}) {
  const { json } = await admin.report({ name: 'Events', report_type: 'events', format, parameters: october, ...more });
  expect(json).toMatchObject({ status: 'completed', error: null });
  const { bytes, headers } = await admin.get(`/reports/${json.id}/download`);
  return { bytes, type: headers.get('content-type'), report: json };
}

describe('a JSON report', () => {
  it('is one valid document with every row as sent', async () => {
    const { bytes, type, report } = await file('json');
    expect(type).toBe('application/json');
    const rows: Record<string, unknown>[] = JSON.parse(bytes.toString('utf8'));
    expect(rows).toHaveLength(ROWS);
    expect(report.file.row_count).toBe(ROWS);
    expect(rows[7]).toMatchObject({
      event_id: 'v0007',
      occurred_at: at(7),
      duration_ms: 1.75,
      event_name: 'line\nbreak "quoted", \u2028 <&>\u0001 _x0041_',
      properties: { n: 7, nested: [null, true, 'é'] },
      feature: null,
    });
    expect(rows.map((row) => row.event_id)).toEqual(rows.map((row) => row.event_id).sort());
  });

  it('is an empty array without rows', async () => {
    const { bytes } = await file('json', { report_type: 'sessions' });
    expect(JSON.parse(bytes.toString('utf8'))).toEqual([]);
  });
});

describe('a raw report', () => {
  it('exports API calls and agent workflows with the columns of their facts', async () => {
    const records = [
      {
        type: 'api_call',
        call_id: 'c1',
        method: 'get',
        path: '/x',
        status_code: 204,
        duration_ms: 2.5,
        occurred_at: at(1),
      },
      {
        type: 'workflow',
        workflow_id: 'w1',
        workflow_type: 'research',
        agents_involved: ['a', 'b'],
        status: 'success',
        user_id: 'u',
        started_at: at(2),
        ended_at: at(3),
      },
    ];
    expect((await admin.post('/batch', records)).json.accepted).toBe(2);
    const calls = await file('csv', { report_type: 'api_calls' });
    expect(calls.bytes.toString('utf8')).toBe(
      `call_id,occurred_at,method,path,status_code,duration_ms,user_id,agent_id\nc1,${at(1)},GET,/x,204,2.5,,\n`,
    );
    const workflows = await file('csv', { report_type: 'agent_workflows' });
    const [header, row] = workflows.bytes.toString('utf8').split('\n');
    expect(header).toBe(
      'workflow_id,started_at,ended_at,duration_ms,status,workflow_type,agents_involved,user_id,session_id,total_tool_calls,total_api_calls,total_tokens_used,user_satisfaction_score,task_completion_rate',
    );
    expect(row).toMatch(new RegExp(`^w1,${at(2)},${at(3)},61003(\\.0+)?,success,research,"a, b",u,,`));
  });
});

describe('an XLSX report', () => {
  it('has typed cells under a frozen header with filters, as read by an independent reader', async () => {
    const { bytes, type } = await file('xlsx');
    expect(type).toBe('application/vnd.openxmlformats-officedocument.spreadsheetml.sheet');
    const [sheet] = await readXlsxFile(bytes);
    const [header, first, second, third] = sheet?.data ?? [];
    expect(sheet?.data).toHaveLength(ROWS + 1);
    expect(header?.slice(0, 4)).toEqual(['event_id', 'occurred_at', 'event_type', 'event_name']);
    expect(first?.[1]).toEqual(new Date(at(0)));
    expect([first?.[3], second?.[7], third?.[8]]).toEqual([
      '=cmd()',
      0.25,
      '{"n": 2, "nested": [null, true, "é"]}'.replaceAll(': ', ':').replaceAll(', ', ','),
    ]);
    expect(String(second?.[10])).toHaveLength(32_767);

    const workbook = new exceljs.Workbook();
    await workbook.xlsx.load(new Uint8Array(bytes).buffer);
    const own = workbook.getWorksheet(1);
    expect(own?.views).toMatchObject([{ state: 'frozen', ySplit: 1 }]);
    expect(own?.autoFilter).toBeTruthy();
    expect(own?.getCell('B2').numFmt).toBe('yyyy-mm-dd hh:mm:ss.000');
    expect(own?.getCell('D2')).toMatchObject({ type: exceljs.ValueType.String, value: '=cmd()' });
  });

  it('has identical zip entries when generated again', async () => {
    const read = async () => {
      const workbook = new exceljs.Workbook();
      await workbook.xlsx.load(new Uint8Array((await file('xlsx')).bytes).buffer);
      return JSON.stringify([workbook.created, workbook.getWorksheet(1)?.getSheetValues()]);
    };
    expect(await read()).toBe(await read());
  });
});

describe('a user_activity report', () => {
  it('has one row per user and local day, with totals that match the sent records', async () => {
    const zurich = await service.clientFor('zurich', 'admin');
    await zurich.patch('/settings', { time_zone: 'Europe/Zurich' });
    const event = (user_id: string, event_name: string, occurred_at: string) => ({
      type: 'event',
      event_type: 'x',
      user_id,
      event_name,
      occurred_at,
    });
    await zurich.post('/batch', [
      event('jane', 'login', '2026-10-24T21:59:59.999Z'),
      event('jane', 'login', '2026-10-24T22:00:00Z'),
      // The day of the DST change has 25 hours.
      event('jane', 'message_sent', '2026-10-25T22:59:59.999Z'),
      event('jane', 'message_sent', '2026-10-25T23:00:00Z'),
      event('john', 'file_uploaded', '2026-10-25T12:00:00Z'),
      { ...event('x', 'login', '2026-10-25T12:00:00Z'), user_id: undefined },
      {
        type: 'session',
        session_id: 's1',
        user_id: 'jane',
        started_at: '2026-10-25T08:00:00Z',
        ended_at: '2026-10-25T08:01:30Z',
      },
      { type: 'execution', execution_id: 'e1', agent_id: 'a', user_id: 'john', started_at: '2026-10-26T08:00:00Z' },
    ]);
    const { json } = await zurich.report({
      name: 'u',
      report_type: 'user_activity',
      format: 'csv',
      parameters: october,
    });
    const { bytes } = await zurich.get(`/reports/${json.id}/download`);
    const day = (user_id: string, date: string, counts: Partial<Record<string, string>>) => ({
      user_id,
      date,
      login_count: '0',
      message_count: '0',
      files_uploaded: '0',
      session_count: '0',
      session_duration_sec: '0',
      event_count: '0',
      execution_count: '0',
      ...counts,
    });
    expect(parseCsv(bytes.toString('utf8'))).toEqual([
      day('jane', '2026-10-24', { login_count: '1', event_count: '1' }),
      day('jane', '2026-10-25', {
        login_count: '1',
        message_count: '1',
        event_count: '2',
        session_count: '1',
        session_duration_sec: '90',
      }),
      day('john', '2026-10-25', { files_uploaded: '1', event_count: '1' }),
      day('jane', '2026-10-26', { message_count: '1', event_count: '1' }),
      day('john', '2026-10-26', { execution_count: '1' }),
    ]);
  });

  it('is identical in one part and in many', async () => {
    const many = await service.clientFor('many', 'admin');
    const records = Array.from({ length: 900 }, (_, n) => ({
      type: 'event',
      event_type: 'x',
      event_name: n % 3 === 0 ? 'login' : 'message_sent',
      user_id: `u${n % 150}`,
      occurred_at: at(n * 20),
    }));
    await many.post('/batch', records);
    const { json } = await many.report({
      name: 'u',
      report_type: 'user_activity',
      format: 'json',
      parameters: october,
    });
    expect(json.progress_detail.parts_total).toBeGreaterThan(3);
    const { bytes } = await many.get(`/reports/${json.id}/download`);
    const rows: { user_id: string; date: string; event_count: number; login_count: number }[] = JSON.parse(
      bytes.toString('utf8'),
    );
    const expected = new Map<string, number>();
    for (const { user_id, occurred_at } of records) {
      const key = `${occurred_at.slice(0, 10)} ${user_id}`;
      expected.set(key, (expected.get(key) ?? 0) + 1);
    }
    expect(new Map(rows.map((row) => [`${row.date} ${row.user_id}`, row.event_count]))).toEqual(expected);
    expect(rows.reduce((sum, row) => sum + row.login_count, 0)).toBe(300);
  });
});
