import type { Client } from '@temporalio/client';
import type { Config } from '../../shared/config.ts';
import type { Log } from '../../shared/log.ts';
import type { Turns } from '../http/turns.ts';
import { probeOf } from './probes/index.ts';
import { postgresProbe } from './probes/postgres.ts';
import { type Probe, type ServiceState, startWatch, type Watch } from './watch.ts';

export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy';

export interface HealthState {
  status: HealthStatus;
  /** By name: `database`, `temporal`, `ingestion` and those of the configuration. */
  services: Readonly<Record<string, ServiceState>>;
  /** Time of the oldest check. */
  checkedAt: Date;
}

export interface HealthMonitor {
  /** The latest state, without waiting. */
  state(): HealthState;
  /** The name of the AI model and whether its service is healthy; null where not configured. */
  aiModel(): { model: string | null; isAvailable: boolean | null };
  /** Checks all services once, before the first request. */
  check(): Promise<void>;
  stop(): Promise<void>;
}

export interface HealthMonitorOptions {
  config: Pick<Config, 'DATABASE_URL' | 'WATCHED_SERVICES' | 'AI_MODEL' | 'AI_MODEL_SERVICE' | 'INGEST_STALL_SECONDS'>;
  temporal: Client;
  ingestTurns: Pick<Turns, 'stalledForMs'>;
  log: Log;
}

/** An outage shows after interval and timeout together at most. */
const OWN = { intervalMs: 2_000, timeoutMs: 1_500 };
/** Configured services may be remote, and are checked less often. */
const CONFIGURED = { intervalMs: 5_000, timeoutMs: 3_000 };

/** Checks each service in the background, so that `/health` answers immediately even when one hangs. */
export function createHealthMonitor({ config, temporal, ingestTurns, log }: HealthMonitorOptions): HealthMonitor {
  const watches = new Map<string, Watch>([
    ['database', startWatch({ name: 'database', probe: postgresProbe(config.DATABASE_URL), ...OWN, log })],
    ['temporal', startWatch({ name: 'temporal', probe: temporalProbe(temporal), ...OWN, log })],
    [
      'ingestion',
      startWatch({
        name: 'ingestion',
        probe: ingestionProbe(ingestTurns, config.INGEST_STALL_SECONDS * 1000),
        ...OWN,
        log,
      }),
    ],
    ...config.WATCHED_SERVICES.map((service): [string, Watch] => [
      service.name,
      startWatch({ name: service.name, probe: probeOf(service), ...CONFIGURED, log }),
    ]),
  ]);

  return {
    state() {
      const services = Object.fromEntries([...watches].map(([name, watch]) => [name, watch.state()]));
      const states = Object.values(services);
      return {
        status: statusOf(services),
        services,
        checkedAt: new Date(Math.min(...states.map(({ checkedAt }) => checkedAt.getTime()))),
      };
    },
    aiModel() {
      const watch = watches.get(config.AI_MODEL_SERVICE ?? '');
      return { model: config.AI_MODEL ?? null, isAvailable: watch ? watch.state().status === 'healthy' : null };
    },
    async check() {
      await Promise.all([...watches.values()].map((watch) => watch.check()));
    },
    async stop() {
      await Promise.all([...watches.values()].map((watch) => watch.stop()));
    },
  };
}

/** Without the database the API cannot work; without Temporal or another service it still accepts telemetry. */
function statusOf(services: Readonly<Record<string, ServiceState>>): HealthStatus {
  if (services.database?.status !== 'healthy') return 'unhealthy';
  return Object.values(services).every(({ status }) => status === 'healthy') ? 'healthy' : 'degraded';
}

function temporalProbe(temporal: Client): Probe {
  return {
    async look(signal) {
      const deadline = Date.now() + OWN.timeoutMs;
      const { connection } = temporal;
      await connection.withDeadline(deadline, () =>
        connection.withAbortSignal(signal, () => connection.workflowService.getSystemInfo({})),
      );
    },
  };
}

/** Unhealthy while all turns are taken and none ends: a request alone cannot tell waiting from a stalled queue. */
function ingestionProbe(turns: Pick<Turns, 'stalledForMs'>, stallMs: number): Probe {
  return {
    async look() {
      const stalledMs = turns.stalledForMs();
      if (stalledMs > stallMs) throw new Error(`no ingestion has ended for ${Math.round(stalledMs / 1000)} s`);
    },
  };
}
