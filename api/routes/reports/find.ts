import { Report } from '../../../shared/db/entities/report.ts';
import { TidemarkError } from '../../../shared/errors.ts';
import { requireUuid } from '../../http/uuid.ts';
import type { RequestContext } from '../../route.ts';

/** A report of the caller's organisation, as it is now. @throws TidemarkError `not-found` */
export async function findReport({ em, caller }: RequestContext, id: string): Promise<Report> {
  const where = { orgId: caller.credential.orgId, id: requireUuid(id, 'report'), deletedAt: null };
  const report = await em.findOne(Report, where, { refresh: true });
  if (!report) throw new TidemarkError('not-found', `There is no report ${id}.`);
  return report;
}
