import type { PurgeRef } from '../../shared/contracts/retention.ts';
import { Report } from '../../shared/db/entities/report.ts';
import { dbOf, type Orm } from '../../shared/db/orm.ts';
import { inTransaction } from '../../shared/db/transaction.ts';
import { expiredReports, expireReports, forgetRejectFiles } from '../../shared/erasures/erase-files.ts';
import { isHeld } from '../../shared/retention/policy.ts';
import { readRemoved } from '../../shared/retention/purge-counts.ts';
import { reportFolder, type Storage } from '../../shared/storage/storage.ts';

/** Removes report files and rejected lines that may name the user. Reports: row before files, so that nobody downloads what goes. */
export async function eraseFiles(
  { orm, storage }: { orm: Orm; storage: Storage },
  ref: PurgeRef,
): Promise<'done' | 'held'> {
  const em = orm.em.fork();
  const db = dbOf(em);
  const times = (await readRemoved(db, ref)).flatMap(({ firstAt, lastAt }) =>
    firstAt !== null && lastAt !== null ? [{ firstAt, lastAt }] : [],
  );
  const first = times.map(({ firstAt }) => firstAt).reduce<string | null>(earlier, null);
  const last = times.map(({ lastAt }) => lastAt).reduce<string | null>(later, null);
  const rejectKeys = await inTransaction(em, async (trx) => {
    if (await isHeld(trx, ref.orgId)) return 'held';
    if (first !== null && last !== null) await expireReports(trx, ref, { firstAt: first, lastAt: last });
    return forgetRejectFiles(trx, ref);
  });
  if (rejectKeys === 'held') return 'held';
  for (const key of rejectKeys) await storage.removeFile(key);
  for (const id of await expiredReports(db, ref.orgId)) {
    await storage.removeFolder(reportFolder(ref.orgId, id));
    await orm.em.fork().nativeUpdate(Report, { orgId: ref.orgId, id }, { filesRemovedAt: new Date() });
  }
  return 'done';
}

function earlier(found: string | null, at: string): string {
  return found === null || new Date(at) < new Date(found) ? at : found;
}

function later(found: string | null, at: string): string {
  return found === null || new Date(at) > new Date(found) ? at : found;
}
