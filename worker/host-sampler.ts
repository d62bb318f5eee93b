import { setTimeout as sleep } from 'node:timers/promises';
import { dbOf, type Orm } from '../shared/db/orm.ts';
import type { HostReader } from '../shared/hosts/read-host.ts';
import { storeHostSample } from '../shared/hosts/samples.ts';
import type { Log } from '../shared/log.ts';

export interface HostSamplerOptions {
  orm: Orm;
  log: Log;
  reader: HostReader;
  /** The host name stored with each sample. */
  host: string;
  /** 0 disables sampling. */
  intervalSeconds: number;
}

export interface HostSampler {
  /** Stops sampling and waits for the current sample; the database is not used afterwards. */
  stop(): Promise<void>;
}

/** Reading an unreachable network disk never ends, so a read is limited. */
const READ_WITHIN_MS = 10_000;

/** Stores the host's state now and then at each multiple of the interval, so all workers of a host use the same times. */
export function startHostSampler({ orm, log, reader, host, intervalSeconds }: HostSamplerOptions): HostSampler {
  if (intervalSeconds === 0) return { async stop() {} };
  const intervalMs = intervalSeconds * 1000;
  const gridAt = (nowMs: number) => Math.floor(nowMs / intervalMs) * intervalMs;
  const stopping = new AbortController();
  const { signal } = stopping;

  async function sample(atMs: number): Promise<void> {
    try {
      const state = await within(READ_WITHIN_MS, signal, reader.read());
      if (state) await storeHostSample(dbOf(orm.em.fork()), { host, at: new Date(atMs), state });
    } catch (error) {
      // No retry: the next sample is due soon. The history has a gap for this one.
      log.warn({ err: error }, 'host state not stored');
    }
  }

  async function run(): Promise<void> {
    let atMs = gridAt(Date.now());
    while (!signal.aborted) {
      await sample(atMs);
      const nextMs = Math.max(atMs, gridAt(Date.now())) + intervalMs;
      await sleep(nextMs - Date.now(), undefined, { signal, ref: false }).catch(() => undefined);
      // Timers may fire a little early, and far too late on a machine that slept.
      atMs = Math.max(nextMs, gridAt(Date.now()));
    }
  }

  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** Resolves to the result, or undefined if `signal` aborts first. @throws Error after `limitMs` */
async function within<Result>(
  limitMs: number,
  signal: AbortSignal,
  work: Promise<Result>,
): Promise<Result | undefined> {
  const ended = new AbortController();
  const late = sleep(limitMs, undefined, { signal: AbortSignal.any([signal, ended.signal]), ref: false }).then(
    () => Promise.reject(new Error(`no result within ${limitMs} ms`)),
    () => undefined,
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    ended.abort();
  }
}
