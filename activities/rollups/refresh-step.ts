import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { RefreshStep } from '../../shared/contracts/rollups.ts';
import { dbOf, type Orm } from '../../shared/db/orm.ts';
import type { Log } from '../../shared/log.ts';
import { dirtyGroups, refreshDirty } from '../../shared/rollups/refresh-dirty.ts';
import { readClock } from '../../shared/telemetry/cutoff.ts';
import { beating } from '../heartbeat.ts';

/** Pairs of organisation and fact per lookup, the longest waiting first; the next lookup follows when they are done. */
const GROUPS_AT_ONCE = 50;
/** Chunks of one organisation and fact before the next one has its turn. */
const CHUNKS_AT_ONCE = 8;
/** Pause before retrying organisations that another worker is refreshing. */
const BUSY_PAUSE_MS = 200;

/**
 * Refreshes dirty buckets in chunks, until none is left that was dirty at the start or the time is over. Each chunk is
 * a transaction, so an interruption loses at most the current chunk. The buckets of a failed chunk stay dirty and do
 * not block other chunks. Heartbeats the step.
 * @param orgId limits the refresh to one organisation; null for all
 * @throws Error for a failure other than rejected data, such as a lost connection
 */
export async function refreshStep(orm: Orm, log: Log, orgId: string | null, maxMs: number): Promise<RefreshStep> {
  const signal = Context.current().cancellationSignal;
  const until = Date.now() + maxMs;
  const step: RefreshStep = { buckets15m: 0, chunks: 0, failed: 0, isDone: false };
  const failed = new Set<string>();
  await beating(
    () => ({ ...step }),
    async () => {
      const em = orm.em.fork();
      const markedBefore = await readClock(dbOf(em));
      while (Date.now() < until) {
        signal.throwIfAborted();
        const found = await dirtyGroups(dbOf(em), GROUPS_AT_ONCE + failed.size, { orgId, markedBefore });
        const groups = found.filter((group) => !failed.has(`${group.orgId}/${group.kind}`));
        if (groups.length === 0) {
          step.isDone = true;
          return;
        }
        let busy = 0;
        for (const group of groups) {
          signal.throwIfAborted();
          if (Date.now() > until) return;
          try {
            // With many dirty buckets the lookup takes longer than a chunk, so a turn has several chunks.
            for (let chunk = 0; chunk < CHUNKS_AT_ONCE; chunk += 1) {
              const refreshed = await refreshDirty(em, group);
              if (refreshed === 'busy') busy += 1;
              if (refreshed === 'busy' || refreshed === 'clean') break;
              step.chunks += 1;
              step.buckets15m += refreshed.quarterHours;
              if (!refreshed.isMore) break;
            }
          } catch (error) {
            if (!isRejectedData(error)) throw error;
            log.error({ err: error, ...group }, 'refresh of buckets failed; they stay dirty');
            failed.add(`${group.orgId}/${group.kind}`);
            step.failed += 1;
          }
        }
        // Another worker finishes the organisations that it is refreshing; otherwise the next run does.
        if (busy === groups.length && orgId === null) {
          step.isDone = true;
          return;
        }
        if (busy > 0) await sleep(BUSY_PAUSE_MS, undefined, { signal });
      }
    },
  );
  return step;
}

/** Whether PostgreSQL rejected the statement or its data, and was not unreachable, out of resources or cancelled. */
function isRejectedData(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^(22|23|42|54)/.test(code);
}
