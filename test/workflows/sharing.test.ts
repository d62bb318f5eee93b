import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { reportWorkflowId } from '../../shared/contracts/reports.ts';
import { dbOf } from '../../shared/db/orm.ts';
import { eventually } from '../eventually.ts';
import { startService, type TestService } from '../service/service.ts';

const ROWS = 2_000;
let service: TestService;

beforeAll(async () => {
  // Each report enqueues all of its parts at once.
  service = await startService({ workers: 2, env: { REPORT_PART_ROWS: '100', REPORT_PARALLEL_PARTS: '64' } });
});
afterAll(() => service.close());

async function clientWithRows(orgId: string, rows: number) {
  const client = await service.clientFor(orgId, 'admin');
  const records = Array.from({ length: rows }, (_, n) => ({
    type: 'event',
    event_id: `v${n}`,
    event_type: 'x',
    event_name: 'y',
  }));
  expect((await client.post('/batch', records)).json.accepted).toBe(rows);
  return client;
}

const report = { name: 'r', report_type: 'events', format: 'csv' };

it("dispatches one organisation's small report ahead of another's backlog", async () => {
  const busy = await clientWithRows('busy', ROWS);
  const small = await clientWithRows('small', 10);
  const waiting = Array.from({ length: 16 }, () => busy.report(report));
  const partsDone = async () => {
    const { rows } = await sql<{ done: number; planned: number }>`
      SELECT count(rows_written)::int AS done, count(*)::int AS planned FROM report_parts WHERE org_id = 'busy'`.execute(
      dbOf(service.orm.em.fork()),
    );
    return rows[0] ?? { done: 0, planned: 0 };
  };
  // The backlog is long by now.
  await eventually('a long queue', 60_000, async () => ((await partsDone()).planned >= 200 ? true : undefined));
  const before = await partsDone();
  expect((await small.report(report)).json).toMatchObject({ status: 'completed', file: { row_count: 10 } });
  const after = await partsDone();
  // In FIFO order it would wait for nearly the whole backlog, once for each of its three heavy steps.
  expect(after.done - before.done).toBeLessThan((16 * (ROWS / 100) - before.done) / 2);
  for (const { json } of await Promise.all(waiting))
    expect(json).toMatchObject({ status: 'completed', file: { row_count: ROWS } });
});

it('distributes the parts of one report over two workers', async () => {
  const client = await clientWithRows('shared', ROWS);
  const { json } = await client.report(report);
  const { events } = await service.temporal.workflow.getHandle(reportWorkflowId(json.id)).fetchHistory();
  const workers = new Set((events ?? []).flatMap((event) => event.activityTaskStartedEventAttributes?.identity ?? []));
  expect([...workers].sort()).toEqual(['test-worker-1', 'test-worker-2']);
});
