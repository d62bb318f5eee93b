import { Context } from '@temporalio/activity';
import type { PurgeRef } from '../../shared/contracts/retention.ts';
import { dbOf, type Orm } from '../../shared/db/orm.ts';
import type { Fact } from '../../shared/facts/definition.ts';
import type { Log } from '../../shared/log.ts';
import { dropOldPartitions } from '../../shared/retention/drop-partitions.ts';
import { beating } from '../heartbeat.ts';

/** Drops the partitions of a fact that nobody keeps, and says which were held by others. @returns how many */
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
  if (skipped.length > 0) log.warn({ skipped }, 'partitions were held by others; the next run tries them again');
  return dropped;
}
