import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { RefreshStep } from '../../shared/contracts/rollups.ts';
import { dbOf, type Orm } from '../../shared/db/orm.ts';
import type { Log } from '../../shared/log.ts';
import { dirtyGroups, refreshDirty } from '../../shared/rollups/refresh-dirty.ts';
import { readClock } from '../../shared/telemetry/cutoff.ts';
import { beating } from '../heartbeat.ts';

/** Facts of organisations looked up at once: the longest-waiting first, looked up anew when they are done. */
const GROUPS_AT_ONCE = 50;
/** Chunks of one organisation before the next one's turn. */
const CHUNKS_AT_ONCE = 8;
/** Before another worker that holds an organisation is asked for again. */
const BUSY_PAUSE_MS = 200;

/**
 * Refreshes dirty buckets, chunk after chunk, until none is left that was marked when this began, or the time is over. Each chunk is a transaction, so
 * whatever ends this loses the chunk at hand at most. A chunk that fails stays marked and does not hold up the others.
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
            // Looking up what is marked takes longer than a chunk where much is; the others do not wait for long.
            for (let chunk = 0; chunk < CHUNKS_AT_ONCE; chunk += 1) {
              const refreshed = await refreshDirty(em, group);
              if (refreshed === 'busy') busy += 1;
              if (refreshed === 'busy' || refreshed === 'clean') break;
              step.chunks += 1;
              step.buckets15m += refreshed.quarterHours;
              if (!refreshed.isMore) break;
            }
          } catch (error) {
            if (!isOfTheData(error)) throw error;
            log.error({ err: error, ...group }, 'buckets were not refreshed; they stay marked');
            failed.add(`${group.orgId}/${group.kind}`);
            step.failed += 1;
          }
        }
        // What another worker has in hand it will finish; if it does not, the next round does.
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

/** Whether PostgreSQL refused what it was given, rather than was out of reach, short of something, or told to stop. */
function isOfTheData(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^(22|23|42|54)/.test(code);
}
