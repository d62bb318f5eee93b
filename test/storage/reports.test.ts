import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunName } from '../../shared/contracts/runs.ts';
import { Report } from '../../shared/db/entities/report.ts';
import { reportFileKey } from '../../shared/storage/storage.ts';
import type { ApiClient } from '../service/api-client.ts';
import { startService, type TestService } from '../service/service.ts';
import { newBucketEnv } from './places.ts';

const ROWS = 900;

describe.each([
  ['a folder', async () => ({})],
  ['a bucket', newBucketEnv],
] as const)('reports in %s', (name, storageEnv) => {
  const isBucket = name === 'a bucket';
  let service: TestService;
  let admin: ApiClient;
  beforeAll(async () => {
    service = await startService({ workers: true, env: { ...(await storageEnv()), REPORT_PART_ROWS: '100' } });
    admin = await service.clientFor('acme', 'admin');
    const events = Array.from({ length: ROWS }, (_, n) => ({
      type: 'event',
      event_id: `e${n}`,
      event_type: 'click',
      event_name: `event ${n}`,
      occurred_at: new Date(Date.now() - n * 1000).toISOString(),
    }));
    expect((await admin.post('/batch', events)).json).toMatchObject({ accepted: ROWS });
  });
  afterAll(() => service.close());

  const made = async (format: string) => {
    const { json } = await admin.report({ name: 'Clicks', report_type: 'events', format, parameters: { days: 2 } });
    expect(json).toMatchObject({ status: 'completed', file: { row_count: ROWS } });
    return json;
  };
  const keyOf = (report: { id: string; file: { name: string } }) => reportFileKey('acme', report.id, report.file.name);

  it.each(['csv', 'json', 'xlsx'])('are generated as %s and downloaded through the API', async (format) => {
    const report = await made(format);
    const whole = await admin.get(`/reports/${report.id}/download`);
    expect(whole.status).toBe(200);
    expect(createHash('sha256').update(whole.bytes).digest('hex')).toBe(report.file.sha256);
    expect(whole.bytes.length).toBe(report.file.size_bytes);
    const rest = await admin.get(`/reports/${report.id}/download`, { range: 'bytes=100-' });
    expect(rest.status).toBe(206);
    expect(rest.bytes.equals(whole.bytes.subarray(100))).toBe(true);
    expect(await service.storage.size(keyOf(report))).toBe(report.file.size_bytes);
  });

  it('are served to any holder of a signed link until it expires', async () => {
    const report = await made('csv');
    const url = new URL(report.download_url);
    expect(url.origin).toBe(service.origin);
    const followed = await fetch(url, { redirect: 'manual' });
    expect(followed.status).toBe(isBucket ? 302 : 200);
    const file = await fetch(url);
    expect(file.status).toBe(200);
    expect(file.headers.get('content-disposition')).toBe(`attachment; filename="${report.file.name}"`);
    expect(file.headers.get('content-type')).toBe(report.file.content_type);
    const bytes = Buffer.from(await file.arrayBuffer());
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(report.file.sha256);
    expect(await (await fetch(url, { headers: { range: 'bytes=0-4' } })).text()).toBe(bytes.subarray(0, 5).toString());

    const other = await made('csv');
    for (const [field, value] of [
      ['signature', 'A'.repeat(43)],
      ['expires', '9999999999'],
      ['org_id', 'globex'],
    ] as const) {
      const forged = new URL(url);
      forged.searchParams.set(field, value);
      expect((await fetch(forged)).status, field).toBe(401);
    }
    expect((await fetch(new URL(url.href.replace(report.id, other.id)))).status).toBe(401);
    const { search } = url;
    expect((await service.anonymous.get(`/reports/${report.id}${search}`)).status).toBe(401);
    expect((await service.anonymous.send('DELETE', `/reports/${report.id}${search}`)).status).toBe(401);

    expect((await admin.delete(`/reports/${report.id}`)).status).toBe(204);
    expect((await fetch(url)).status).toBe(404);
    expect(await service.storage.size(keyOf(report))).toBeNull();
  });

  it('lose their files when they expire', async () => {
    const report = await made('csv');
    const expiresAt = new Date(Date.now() - 1000);
    await service.orm.em.fork().nativeUpdate(Report, { id: report.id }, { expiresAt });
    expect((await fetch(report.download_url)).status).toBe(410);
    const { config, temporal } = service;
    const run = (type: RunName) =>
      temporal.workflow.execute(type, { taskQueue: config.TASK_QUEUE, workflowId: `${config.TASK_QUEUE}/${type}` });
    // The expired one, and once more that which was deleted.
    expect(await run('sweepJobs')).toMatchObject({ filesRemoved: 2 });
    expect(await run('housekeeping')).toMatchObject({ unfinishedFilesRemoved: 0 });
    expect(await service.storage.size(keyOf(report))).toBeNull();
    expect((await admin.get(`/reports/${report.id}`)).json.download_url).toBeNull();
  });
});
