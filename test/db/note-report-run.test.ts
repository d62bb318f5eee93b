import { expect, it } from 'vitest';
import { Report } from '../../shared/db/entities/report.ts';
import { dbOf, type Orm } from '../../shared/db/orm.ts';
import { ensureOrganisation } from '../../shared/organisations/organisations.ts';
import { noteReportRun } from '../../shared/reports/note-report-run.ts';
import { useTestOrm } from '../database.ts';

let orm: Orm;
useTestOrm(4, (opened) => {
  orm = opened;
});

const key = { orgId: 'acme', id: '01990000-0000-7000-8000-000000000001' };
const runOf = async () => (await orm.em.fork().findOneOrFail(Report, key)).runId;

it('stores the first run of a report, and does not wait for a workflow that holds the row', async () => {
  const em = orm.em.fork();
  const now = new Date();
  await ensureOrganisation(em, key.orgId, 'Acme', now);
  const report = em.create(Report, {
    ...key,
    name: 'all',
    reportType: 'executions',
    format: 'csv',
    parameters: {},
    rangeStart: now,
    rangeEnd: now,
    timeZone: 'UTC',
    status: 'pending',
    phase: 'waiting',
    rowsWritten: 0,
    partsDone: 0,
    requestedBy: 'test',
    createdAt: now,
  });
  await em.persist(report).flush();
  await orm.em.fork().transactional(async (held) => {
    await held.nativeUpdate(Report, key, { phase: 'planning' });
    await noteReportRun(dbOf(orm.em.fork()), key, 'passed over');
    expect(await runOf()).toBeNull();
  });
  await noteReportRun(dbOf(orm.em.fork()), key, 'first');
  await noteReportRun(dbOf(orm.em.fork()), key, 'second');
  expect(await runOf()).toBe('first');
});
