import type { PurgeRef, PurgeTarget, RowCursor } from '../../shared/contracts/retention.ts';
import { Report } from '../../shared/db/entities/report.ts';
import type { Orm } from '../../shared/db/orm.ts';
import { factList } from '../../shared/facts/index.ts';
import { purgeDerivedBatch } from '../../shared/retention/purge-derived.ts';
import { type PurgedBatch, purgeFactBatch } from '../../shared/retention/purge-fact.ts';
import { purgeReportBatch } from '../../shared/retention/purge-reports.ts';
import { reportFolder, type Storage } from '../../shared/storage/storage.ts';

interface PurgeDependencies {
  orm: Orm;
  storage: Storage;
}

/**
 * Removes one bounded batch of the target's rows, after the previous batch.
 * @param after the last row of the previous batch; null for the first
 * @returns `held` if the organisation is under legal hold
 * @throws Error for an unknown target
 */
export async function purgeBatch(
  deps: PurgeDependencies,
  ref: PurgeRef,
  target: PurgeTarget,
  after: RowCursor | null,
): Promise<PurgedBatch> {
  const em = deps.orm.em.fork();
  switch (target.name) {
    case 'reports':
      return purgeReports(deps, ref, target.cutoff);
    case 'rollups':
    case 'system_samples':
      return purgeDerivedBatch(em, target.name, ref, target.cutoff);
  }
  const fact = factList.find(({ kind }) => kind === target.name);
  if (!fact) throw new Error(`Unknown purge target ${target.name}`);
  return purgeFactBatch(em, fact, ref, target.cutoff, after);
}

/** Deletes the row before the files: the sweep removes files that a crash leaves behind. */
async function purgeReports({ orm, storage }: PurgeDependencies, ref: PurgeRef, cutoff: string): Promise<PurgedBatch> {
  const ids = await purgeReportBatch(orm.em.fork(), ref, cutoff);
  if (ids === 'held') return 'held';
  for (const id of ids) {
    await storage.removeFolder(reportFolder(ref.orgId, id));
    await orm.em.fork().nativeUpdate(Report, { orgId: ref.orgId, id }, { filesRemovedAt: new Date() });
  }
  return { rows: ids.length, isDone: ids.length === 0, next: null };
}
