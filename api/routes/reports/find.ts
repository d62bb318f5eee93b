import { Report } from '../../../shared/db/entities/report.ts';
import { TidemarkError } from '../../../shared/errors.ts';
import { requireUuid } from '../../http/uuid.ts';
import type { RequestContext } from '../../route.ts';

/** The current row of a report of the caller's organisation. @throws TidemarkError `not-found` */
export async function findReport({ em, caller }: RequestContext, id: string): Promise<Report> {
  const where = { orgId: caller.credential.orgId, id: requireUuid(id, 'report'), deletedAt: null };
  const report = await em.findOne(Report, where, { refresh: true });
  if (!report) throw new TidemarkError('not-found', `No report ${id}.`);
  return report;
}
