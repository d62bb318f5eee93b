import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dbOf } from '../../shared/db/orm.ts';
import { changeErrorGroup } from '../../shared/insights/error-groups.ts';
import { eventually } from '../eventually.ts';
import type { ApiClient } from '../service/api-client.ts';
import { startService, type TestService } from '../service/service.ts';

let service: TestService;
let admin: ApiClient;
beforeAll(async () => {
  service = await startService({ workers: false });
  admin = await service.clientFor('acme', 'admin', { userId: 'boss' });
});
afterAll(() => service.close());

const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();

/** Stores an error; errors with the same message form one group. @returns its id */
async function log(message: string, fields: object = {}): Promise<string> {
  const { status, json } = await admin.post('/errors/log', { level: 'ERROR', message, ...fields });
  expect(status).toBe(201);
  return json.id;
}

const detail = async (id: string) => (await admin.get(`/errors/${id}`)).json;

describe('an error group', () => {
  it('changes status through any of its errors, recording actor and time, also in the audit log', async () => {
    const [one, two] = [await log('decided'), await log('decided')];
    const note = 'Fixed in 1.4.2.';
    const { json } = await admin.patch(`/errors/${one}`, { status: 'resolved', resolution_note: note });
    expect(json).toMatchObject({ id: one, status: 'resolved', resolved_by: 'boss', resolution_note: note });
    expect(json.status_changed_at).toBe(json.resolved_at);
    expect(Math.abs(Date.now() - Date.parse(json.resolved_at))).toBeLessThan(10_000);
    expect(await detail(two)).toMatchObject({ status: 'resolved', resolved_at: json.resolved_at });
    const reopened = await admin.patch(`/errors/${two}`, { status: 'open' });
    expect(reopened.json).toMatchObject({
      status: 'open',
      resolved_by: null,
      resolved_at: null,
      resolution_note: null,
      status_changed_by: 'boss',
      reopened_at: null,
      reopen_count: 0,
    });
    const ignored = await admin.patch(`/errors/${two}`, { status: 'ignored', resolution_note: 'noise' });
    expect(ignored.json).toMatchObject({ status: 'ignored', resolution_note: 'noise', resolved_by: null });
    const target = json.grouping.fingerprint;
    expect((await admin.get(`/audit-log?action=error.status_changed&search=${target}`)).json.data).toMatchObject([
      { target, actor: 'boss', details: { status: 'ignored' } },
      { target, details: { status: 'open' } },
      { target, details: { status: 'resolved', resolution_note: note } },
    ]);
  });

  it('keeps actor and time when resolved again; a new note replaces the old one', async () => {
    const id = await log('resolved twice');
    const first = await admin.patch(`/errors/${id}`, { status: 'resolved', resolution_note: 'one' });
    const other = await service.clientFor('acme', 'admin', { userId: 'other' });
    expect((await other.patch(`/errors/${id}`, { status: 'resolved' })).json).toEqual(first.json);
    const noted = await other.patch(`/errors/${id}`, { status: 'resolved', resolution_note: 'two' });
    expect(noted.json).toEqual({ ...first.json, resolution_note: 'two' });
  });

  it('is reopened only by a new occurrence later than its resolution', async () => {
    const ahead = new Date(Date.now() + 3_600_000).toISOString();
    const id = await log('comes back', { occurred_at: ahead, error_id: 'ahead' });
    await admin.patch(`/errors/${id}`, { status: 'resolved' });
    await log('comes back', { occurred_at: ago(60) });
    await admin.post('/errors/log', { level: 'ERROR', message: 'comes back', occurred_at: ahead, error_id: 'ahead' });
    expect(await detail(id)).toMatchObject({ status: 'resolved', occurrences: 2 });
    await admin.post('/batch', [
      { type: 'error', level: 'ERROR', message: 'comes back', occurred_at: ago(30) },
      { type: 'error', level: 'ERROR', message: 'comes back' },
      { type: 'error', level: 'ERROR', message: 'comes back' },
    ]);
    const back = await detail(id);
    expect(back).toMatchObject({ status: 'open', resolved_at: null, status_changed_by: null, reopen_count: 1 });
    expect(back.reopened_at).toBe(back.status_changed_at);
    await log('comes back');
    await admin.patch(`/errors/${id}`, { status: 'resolved' });
    await log('comes back');
    expect(await detail(id)).toMatchObject({ status: 'open', occurrences: 7, reopen_count: 2 });
  });

  it('stays ignored when an ignored error occurs again', async () => {
    const id = await log('noise');
    await admin.patch(`/errors/${id}`, { status: 'ignored' });
    await log('noise');
    expect(await detail(id)).toMatchObject({ status: 'ignored', occurrences: 2, reopen_count: 0 });
  });

  it('blocks ingestion of its errors until a pending resolution commits', async () => {
    const id = await log('meanwhile');
    const { fingerprint } = await detail(id);
    const ahead = new Date(Date.now() + 3_600_000).toISOString();
    const [stored] = await service.orm.em.fork().transactional(async (em) => {
      const change = {
        orgId: 'acme',
        fingerprint,
        status: 'resolved',
        resolutionNote: undefined,
        changedBy: 'boss',
      } as const;
      await changeErrorGroup(dbOf(em), change);
      const storing = log('meanwhile', { occurred_at: ahead });
      const isWaiting = sql`
        SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      const waiting = eventually('the batch to wait for the lock', 20_000, async () =>
        (await isWaiting.execute(dbOf(service.orm.em.fork()))).rows.length > 0 ? 'waits' : undefined,
      );
      expect(await Promise.race([storing.then(() => 'stored'), waiting])).toBe('waits');
      // In an array: a bare promise would be awaited before the commit.
      return [storing];
    });
    await stored;
    expect(await detail(id)).toMatchObject({ status: 'open', occurrences: 2, reopen_count: 1 });
  });
});
