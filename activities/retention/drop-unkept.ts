import { Context } from '@temporalio/activity';
import type { PurgeRef } from '../../shared/contracts/retention.ts';
import { dbOf, type Orm } from '../../shared/db/orm.ts';
import type { Fact } from '../../shared/facts/index.ts';
import type { Log } from '../../shared/log.ts';
import { dropOldPartitions } from '../../shared/retention/drop-partitions.ts';
import { beating } from '../heartbeat.ts';

/**
 * Drops the partitions of a fact that lie before every organisation's retention floor. Heartbeats. Logs the partitions
 * skipped because of a lock timeout.
 * @param ref the run that counts the removed rows; null if none does
 * @returns the number of partitions dropped
 */
export async function dropUnkept(
  { orm, log }: { orm: Orm; log: Log },
  fact: Fact,
  ref: PurgeRef | null,
): Promise<number> {
  const signal = Context.current().cancellationSignal;
  const { dropped, skipped } = await beating(
    () => ({ fact: fact.kind }),
    () => dropOldPartitions(dbOf(orm.em.fork()), fact, ref, signal),
  );
  if (skipped.length > 0) log.warn({ skipped }, 'partitions are locked by other sessions; the next run retries them');
  return dropped;
}
