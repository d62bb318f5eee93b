import type { JobOutcome } from '../contracts/jobs.ts';
import { Report } from '../db/entities/report.ts';
import type { Entities } from '../db/orm.ts';
import type { JobRef } from '../jobs/job-kind.ts';
import { statusesBefore } from '../jobs/states.ts';

/** Closes the row of a report that does not complete; a closed one stays as it is. @returns whether it was open */
export async function closeReportRow(em: Entities, { orgId, id }: JobRef, outcome: JobOutcome): Promise<boolean> {
  const failure = outcome.status === 'failed' ? outcome.failure : null;
  const closed = await em.nativeUpdate(
    Report,
    { orgId, id, status: statusesBefore(outcome.status) },
    {
      status: outcome.status,
      phase: 'done',
      completedAt: new Date(),
      errorCode: failure?.code ?? null,
      errorMessage: failure?.message ?? null,
    },
  );
  return closed > 0;
}
