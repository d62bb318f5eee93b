import { Report } from '../../shared/db/entities/report.ts';
import { TidemarkError, validationError } from '../../shared/errors.ts';
import type { RequestContext } from '../route.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** A report of the caller's organisation, as it is now. @throws TidemarkError `not-found` */
export async function findReport({ em, caller }: RequestContext, id: string): Promise<Report> {
  // PostgreSQL refuses what is no UUID; to a client it is just not there.
  const report = UUID.test(id)
    ? await em.findOne(Report, { orgId: caller.credential.orgId, id, deletedAt: null }, { refresh: true })
    : null;
  if (!report) throw new TidemarkError('not-found', `There is no report ${id}.`);
  return report;
}

/** @throws TidemarkError `validation` for a cursor of another list */
export function requireUuid(cursorId: string): string {
  if (UUID.test(cursorId)) return cursorId;
  throw validationError([{ field: 'cursor', message: 'is not a cursor of this list; start without one' }]);
}
