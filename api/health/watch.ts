import type { Log } from '../../shared/log.ts';

export type ServiceStatus = 'healthy' | 'unhealthy';

/** The latest state of a service. */
export interface ServiceState {
  status: ServiceStatus;
  /** When it entered this state, as observed by this process. */
  since: Date;
  checkedAt: Date;
}

/** A health check of one service. */
export interface Probe {
  /** Ends soon after `signal` is aborted. @throws if the service is unhealthy */
  look(signal: AbortSignal): Promise<void>;
  /** Releases what it holds between two checks. */
  close?(): void;
}

export interface WatchOptions {
  name: string;
  probe: Probe;
  intervalMs: number;
  timeoutMs: number;
  log: Log;
}

export interface Watch {
  /** The latest state, without waiting. */
  state(): ServiceState;
  /** Checks now, or joins the running check. */
  check(): Promise<void>;
  /** Resolves once no check is running, so that what the probe uses can be closed. */
  stop(): Promise<void>;
}

/** Checks one service periodically, independent of the other services. */
export function startWatch({ name, probe, intervalMs, timeoutMs, log }: WatchOptions): Watch {
  let state: ServiceState = { status: 'unhealthy', since: new Date(), checkedAt: new Date(0) };
  let pending: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const ended = new AbortController();

  async function look(): Promise<void> {
    const fault = await faultOf(probe, timeoutMs, ended.signal);
    // Aborted by the shutdown of this process: the service may be healthy.
    if (stopped) return;
    const status = fault === null ? 'healthy' : 'unhealthy';
    const now = new Date();
    const isFirst = state.checkedAt.getTime() === 0;
    const changed = isFirst || status !== state.status;
    if (changed && fault !== null) log.warn({ service: name, fault }, 'service is unhealthy');
    else if (changed && !isFirst) log.info({ service: name, unhealthySince: state.since }, 'service is healthy again');
    state = { status, since: changed ? now : state.since, checkedAt: now };
  }

  function check(): Promise<void> {
    pending ??= look().finally(() => {
      pending = undefined;
    });
    return pending;
  }

  async function loop(): Promise<void> {
    await check();
    if (!stopped) timer = setTimeout(() => void loop(), intervalMs).unref();
  }
  void loop();

  return {
    state: () => state,
    check,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      // A probe that ignores the signal is waited for until its timeout at most.
      ended.abort(new Error('stopped'));
      await pending;
      probe.close?.();
    },
  };
}

/** Why the service is unhealthy; null if it is healthy. It has its own timeout, even if the probe ignores its signal. */
async function faultOf(probe: Probe, timeoutMs: number, stopped: AbortSignal): Promise<string | null> {
  const ended = new AbortController();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const fault = new Error(`no answer in ${timeoutMs} ms`);
    late.reject(fault);
    ended.abort(fault);
  }, timeoutMs);
  try {
    await Promise.race([probe.look(AbortSignal.any([ended.signal, stopped])), late.promise]);
    return null;
  } catch (error) {
    return messageOf(error);
  } finally {
    clearTimeout(timer);
  }
}

/** The innermost message: `fetch failed` gives no reason. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? messageOf(error.cause) : error.message;
}
