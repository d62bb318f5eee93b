import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { resolveRange } from '../../../shared/calendar/resolve-range.ts';
import { Report } from '../../../shared/db/entities/report.ts';
import { dbOf } from '../../../shared/db/orm.ts';
import { inTransaction } from '../../../shared/db/transaction.ts';
import { validationError } from '../../../shared/errors.ts';
import { startOrWithdraw } from '../../../shared/jobs/start-job.ts';
import { forgetIdempotencyKey, KeptAnswer } from '../../../shared/organisations/idempotency.ts';
import { createReportJob } from '../../../shared/reports/job.ts';
import { reportKind } from '../../../shared/reports/kinds/index.ts';
import { taskQueues } from '../../../shared/temporal.ts';
import { userIdAsStored } from '../../http/narrow.ts';
import type { RequestContext } from '../../route.ts';
import { findReport } from './find.ts';
import { presentReport } from './present.ts';
import type { newReportSchema } from './schema.ts';

/** Row first, then the workflow: the sweep starts what a crash left pending. */
export async function createReport(context: RequestContext, requested: z.output<typeof newReportSchema>) {
  const kept = await context.once(async (em) => {
    const faults = reportKind(requested.report_type).faults(requested.parameters);
    if (faults.length > 0) throw validationError(faults);
    const now = new Date();
    const range = await resolveRange(dbOf(em), requested.parameters, context.caller.timeZone, now);
    const userId = userIdAsStored(context, requested.parameters.user_id);
    const { credential } = context.caller;
    const report = em.create(Report, {
      orgId: credential.orgId,
      id: uuidv7(),
      name: requested.name,
      reportType: requested.report_type,
      format: requested.format,
      parameters: { ...requested.parameters, ...(userId === undefined ? {} : { user_id: userId }) },
      rangeStart: range.startInclusive,
      rangeEnd: range.endExclusive,
      timeZone: range.timeZone,
      status: 'pending',
      phase: 'waiting',
      rowsWritten: 0,
      partsDone: 0,
      requestedBy: credential.userId ?? credential.name,
      createdAt: now,
    });
    await em.persist(report).flush();
    const { name, report_type, format } = requested;
    await context.audit(em, 'report.requested', report.id, { name, report_type, format });
    return { status: 202 as const, body: { id: report.id } };
  });
  const { id } = keptSchema.parse(kept instanceof KeptAnswer ? kept.answer.body : kept.body);
  await ensureStarted(context, await findReport(context, id));
  return { status: 202 as const, body: presentReport(context, await findReport(context, id)) };
}

const keptSchema = z.object({ id: z.string() });

async function ensureStarted({ deps, em, caller, header }: RequestContext, report: Report): Promise<void> {
  if (report.status !== 'pending' || report.runId) return;
  const starter = { client: deps.temporal, queues: taskQueues(deps.config), em };
  const job = createReportJob({ parallelParts: deps.config.REPORT_PARALLEL_PARTS });
  await startOrWithdraw(starter, job, report, () => {
    const key = header('idempotency-key');
    return inTransaction(em, async (db, inner) => {
      const { orgId, id } = report;
      const deleted = await inner.nativeDelete(Report, { orgId, id, status: 'pending', runId: null });
      if (deleted > 0 && key) await forgetIdempotencyKey(db, caller.credential.orgId, key);
      return deleted > 0;
    });
  });
}
